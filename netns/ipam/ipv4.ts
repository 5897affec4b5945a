/** IPv4 arithmetic. Within the code an address is an unsigned 32 bit number; at the borders it is text. */
import { invalid } from "../../lib/errors.ts";

/** An address with the length of its network's prefix: `172.17.0.1/16`. A subnet is one whose host bits are zero. */
export interface Cidr {
  readonly address: number;
  readonly prefixLength: number;
}

const OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const ADDRESS = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);

/**
 * Reads a dotted address. Leading zeros are refused, because some programs would read them as octal.
 * @throws `invalid`
 */
export function parseAddress(text: string): number {
  if (!ADDRESS.test(text)) throw invalid(`invalid IPv4 address: ${text}`, "CTR_ADDRESS_INVALID");
  return text.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}

/**
 * Reads `address/prefix`.
 * @throws `invalid` with Go's text, which Docker passes on: `invalid CIDR address: …`
 */
export function parseCidr(text: string): Cidr {
  const [address = "", prefix = "", rest] = text.split("/");
  if (!ADDRESS.test(address) || !/^(?:[12]?\d|3[0-2])$/.test(prefix) || rest !== undefined) {
    throw invalid(`invalid CIDR address: ${text}`, {
      code: "CTR_ADDRESS_INVALID",
      hint: "write an address and a prefix length: 172.17.0.1/16",
    });
  }
  return { address: parseAddress(address), prefixLength: Number(prefix) };
}

export function formatCidr({ address, prefixLength }: Cidr): string {
  return `${formatAddress(address)}/${prefixLength}`;
}

/** The network part's mask as a number. */
export function maskOf(prefixLength: number): number {
  return prefixLength === 0 ? 0 : (0xffffffff << (32 - prefixLength)) >>> 0;
}

/** The subnet an address is in: host bits cleared. */
export function subnetOf({ address, prefixLength }: Cidr): Cidr {
  return { address: (address & maskOf(prefixLength)) >>> 0, prefixLength };
}

/** The highest address of the subnet. */
export function broadcastOf({ address, prefixLength }: Cidr): number {
  return (address | ~maskOf(prefixLength)) >>> 0;
}

export function contains(subnet: Cidr, address: number): boolean {
  return subnetOf({ address, prefixLength: subnet.prefixLength }).address === subnetOf(subnet).address;
}

/** True when the two have an address in common: one then contains the other. */
export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.prefixLength <= b.prefixLength ? contains(a, b.address) : contains(b, a.address);
}
