/**
 * Other addresses in place of the real ones, so that everything that holds between them still holds: which are equal,
 * which network an address is in, which is the broadcast address. The mapping keeps prefixes, as that of Xu, Fan, Ammar
 * and Moon (Crypto-PAn) does: two addresses have as many leading bits in common afterwards as before. Documentation's
 * ranges (RFC 5737) are too small for that. Private and special addresses stay: every host has the same ones.
 */
import { createHmac } from "node:crypto";
import { type Address, bitsOf, type Cidr, contains, type Family, lastOf, overlaps, parseCidr } from "../../ipam/ip.ts";

/** Not given to anybody on the internet, see the IANA registries of special-purpose addresses. */
const SPECIAL: Readonly<Record<Family, readonly Cidr[]>> = {
  4: [
    ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"],
    ...["192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"],
    ...["224.0.0.0/4", "240.0.0.0/4"],
  ].map(parseCidr),
  6: [...["::/8", "64:ff9b::/96", "100::/64", "2001:db8::/32", "3fff::/20", "fc00::/7", "fe80::/10", "ff00::/8"]].map(
    parseCidr,
  ),
};

/** Of translation between the families (RFC 6052): the end is an address of IPv4. */
const TRANSLATED = parseCidr("64:ff9b::/96");
const LAST_32 = 0xffff_ffffn;

/**
 * Bits that change at most: the rest tells hosts of one network apart, and ranges within it are to stay ranges. In IPv6
 * the rest is an identifier, which is mapped as a whole.
 */
const CHANGED_BITS = { 4: 24, 6: 64 } as const;
const IDENTIFIER = (1n << 64n) - 1n;
/** Identifiers up to this are numbers that people give. */
const LARGEST_NUMBER = 0xffffn;
/** In the middle of an identifier that is made of a hardware address, see RFC 4291, appendix A. */
const EUI64_MIDDLE = 0xfffen;
const UNIVERSAL = 1n << 57n;

/** The first three bytes of a hardware address are its maker's. */
const MAKER_BYTES = 3;
const GROUP_BIT = 1;

export class AddressMapping {
  readonly #key: Buffer;
  readonly #flips = new Map<string, boolean>();
  readonly #macs = new Map<string, string>();
  readonly #tails = new Set<string>();

  /** @param key of another key comes another mapping */
  constructor(key: Buffer) {
    this.#key = key;
  }

  address({ family, value }: Address): Address {
    if (contains(TRANSLATED, { family, value })) {
      return { family, value: (value & ~LAST_32) | this.#prefix({ family: 4, value: value & LAST_32 }) };
    }
    const network = this.#prefix({ family, value });
    return { family, value: family === 6 ? this.#withIdentifier(network) : network };
  }

  /** Of a network, that is: without bits after the prefix. */
  subnet({ family, address, prefixLength }: Cidr): Cidr {
    const mapped = this.address({ family, value: address });
    const hostBits = BigInt(bitsOf(family) - prefixLength);
    return { family, address: (mapped.value >> hostBits) << hostBits, prefixLength };
  }

  /** @param mac lower case, colons. Groups' addresses and those of nothing but zeros stay */
  mac(mac: string): string {
    const bytes = mac.split(":");
    const isGroup = (Number.parseInt(bytes[0] ?? "0", 16) & GROUP_BIT) !== 0;
    if (isGroup || /^[0:]+$/.test(mac)) return mac;
    const known = this.#macs.get(mac);
    if (known !== undefined) return known;
    const maker = bytes.slice(0, MAKER_BYTES).join(":");
    for (let attempt = 0; ; attempt++) {
      const digest = this.#digest(`mac ${mac} ${attempt}`);
      const tail = [...digest.subarray(0, MAKER_BYTES)].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
      const mapped = `${maker}:${tail}`;
      if (this.#tails.has(mapped)) continue;
      this.#tails.add(mapped);
      this.#macs.set(mac, mapped);
      return mapped;
    }
  }

  #prefix({ family, value }: Address): bigint {
    if (SPECIAL[family].some((special) => contains(special, { family, value }))) return value;
    const bits = bitsOf(family);
    let mapped = value;
    for (let length = 0; length < CHANGED_BITS[family]; length++) {
      const shift = BigInt(bits - length);
      const above: Cidr = { family, address: (value >> shift) << shift, prefixLength: length };
      if (this.#mayChangeBelow(above) && this.#flip(above)) mapped ^= 1n << (shift - 1n);
    }
    return mapped;
  }

  /** A special range must stay where it is, and so must the bits on the way to it. */
  #mayChangeBelow(prefix: Cidr): boolean {
    return !SPECIAL[prefix.family].some((special) => overlaps(special, prefix));
  }

  #flip({ family, address, prefixLength }: Cidr): boolean {
    const name = `${family} ${address} ${prefixLength}`;
    let flip = this.#flips.get(name);
    if (flip === undefined) {
      flip = ((this.#digest(name)[0] ?? 0) & 1) === 1;
      this.#flips.set(name, flip);
    }
    return flip;
  }

  /** The identifier of an IPv6 address may be made of a hardware address, or be the host's own for ever (RFC 7217). */
  #withIdentifier(value: bigint): bigint {
    const identifier = value & IDENTIFIER;
    if (identifier <= LARGEST_NUMBER || !hasIdentifier(value)) return value;
    const isMac = ((identifier >> 24n) & 0xffffn) === EUI64_MIDDLE;
    const mapped = isMac ? this.#macIdentifier(identifier) : this.#digest(`identifier ${identifier}`).readBigUInt64BE();
    return (value & ~IDENTIFIER) | mapped;
  }

  #macIdentifier(identifier: bigint): bigint {
    const flipped = identifier ^ UNIVERSAL;
    const bytes = (flipped >> 40n) * 0x1000000n + (flipped & 0xffffffn);
    const mac = (bytes.toString(16).padStart(12, "0").match(/../g) ?? []).join(":");
    const mapped = BigInt(`0x${this.mac(mac).replaceAll(":", "")}`);
    return (((mapped >> 24n) << 40n) | (EUI64_MIDDLE << 24n) | (mapped & 0xffffffn)) ^ UNIVERSAL;
  }

  #digest(text: string): Buffer {
    return createHmac("sha256", this.#key).update(text).digest();
  }
}

/** Global, link-local and private unicast: not groups, and nothing with an IPv4 address in it. */
const WITH_IDENTIFIER = ["2000::/3", "fc00::/7", "fe80::/10"].map(parseCidr);

const hasIdentifier = (value: bigint): boolean =>
  WITH_IDENTIFIER.some((range) => contains(range, { family: 6, value }));

/** Whether a range of addresses is one afterwards. */
export function staysRange(first: Address, last: Address): boolean {
  if (first.family !== last.family) return false;
  const { family, value: address } = first;
  const isSpecial = SPECIAL[family].some((special) => contains(special, first) && contains(special, last));
  const network = { family, address, prefixLength: CHANGED_BITS[family] };
  return (
    isSpecial ||
    (family === 4 && contains(network, last)) ||
    (address === 0n && last.value === lastOf({ family, address, prefixLength: 0 }))
  );
}
