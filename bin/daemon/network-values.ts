/** What the network settings of `ctrd` may be. Whether they fit each other and the host, the network layer says. */
import { isIP, isIPv4, isIPv6 } from "node:net";
import { oneOf, type Setting, text } from "../../lib/config/settings.ts";

/** The family of addresses that a setting takes; none for both. */
type Family = 4 | 6 | undefined;

const FAMILY_TEST = { 4: isIPv4, 6: isIPv6 } as const;
const FAMILY_WORDS = { 4: "an IPv4 address", 6: "an IPv6 address" } as const;

export const ADDRESS = address(undefined);
export const ADDRESS_4 = address(4);
export const ADDRESS_6 = address(6);

/** An address of an interface with its prefix length. */
export const CIDR_4 = cidr(4, 'an address with prefix length, such as "172.20.0.1/16"');
export const CIDR_6 = cidr(6, 'an IPv6 address with prefix length, such as "fd00:20::1/64"');

export const FIREWALL_BACKEND = oneOf(["nftables", "iptables"]);
export const PUBLISH_POLICY = oneOf(["all", "loopback", "hostfw"]);

/** IFNAMSIZ of the kernel, without the final zero. */
const LONGEST_INTERFACE_NAME = 15;

export const BRIDGE = text('the name of a bridge, or "none"', (value) => {
  if (!/^[^\s/:]+$/.test(value) || value.length > LONGEST_INTERFACE_NAME) {
    throw new Error(`"${value}" cannot be the name of an interface`);
  }
});

export interface AddressPool {
  readonly base: string;
  /** Prefix length of the networks that the base is cut into. */
  readonly size: number;
}

const POOL_EXAMPLE = '{"base": "10.200.0.0/16", "size": 24}';

export const ADDRESS_POOL: Setting<AddressPool> = {
  words: `a range and the prefix length of its networks, such as ${POOL_EXAMPLE}`,
  read(value) {
    const { base, size, ...others } = asRecord(value) ?? {};
    if (typeof base !== "string" || typeof size !== "number" || !Number.isInteger(size)) return undefined;
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) throw new Error(`"${unknown}" is no key of a pool`);
    checkPool({ base, size });
    return { base, size };
  },
};

/** Defaults of a driver's network options: driver → option → value. */
export type DriverOptions = Readonly<Record<string, Readonly<Record<string, string>>>>;

export const DRIVER_OPTIONS: Setting<DriverOptions> = {
  words: 'options by driver, such as {"bridge": {"com.docker.network.driver.mtu": "1400"}}',
  read(value) {
    const drivers = asRecord(value);
    if (drivers === undefined) return undefined;
    for (const options of Object.values(drivers)) {
      const values = asRecord(options);
      if (values === undefined || !Object.values(values).every((one) => typeof one === "string")) return undefined;
    }
    return drivers as DriverOptions;
  },
};

/** `base=10.200.0.0/16,size=24` of the command line. @throws with dockerd's text */
export function parseAddressPool(value: string): AddressPool {
  const pool: { base?: string; size?: number } = {};
  for (const field of value.split(",")) {
    const [, key = "", given = ""] = /^([^=]*)=(.*)$/.exec(field) ?? [];
    if (!field.includes("=")) throw new Error(`invalid field '${field}' must be a key=value pair`);
    if (key.toLowerCase() === "base") pool.base = given;
    else if (key.toLowerCase() !== "size") throw new Error(`unexpected key '${key}' in '${field}'`);
    else if (!/^\d+$/.test(given)) throw new Error(`invalid size value: "${given}" (must be integer)`);
    else pool.size = Number(given);
  }
  const { base, size } = pool;
  if (base === undefined || size === undefined) throw new Error("a pool needs both base= and size=");
  checkPool({ base, size });
  return { base, size };
}

/** `bridge=com.docker.network.driver.mtu=1400` of the command line. @throws with dockerd's text */
export function parseDriverOption(value: string): readonly [driver: string, option: string, value: string] {
  const [, driver, option, given] = /^([^=]+)=([^=]+)=(.*)$/.exec(value) ?? [];
  if (driver === undefined || option === undefined || given === undefined) {
    throw new Error("invalid default-network-opt format: must be <driver>=<option>=<value>");
  }
  return [driver, option, given];
}

function checkPool({ base, size }: AddressPool): void {
  const { family, prefixLength } = splitCidr(base) ?? {};
  if (family === undefined || prefixLength === undefined) throw new Error(`invalid base pool "${base}"`);
  if (size < prefixLength || size > BITS[family]) {
    throw new Error(`the size ${size} of pool ${base} must be from ${prefixLength} to ${BITS[family]}`);
  }
}

const BITS = { 4: 32, 6: 128 } as const;

function splitCidr(value: string): { readonly family: 4 | 6; readonly prefixLength: number } | undefined {
  const [, host = "", length = ""] = /^([^/%]+)\/(\d{1,3})$/.exec(value) ?? [];
  const family = isIP(host);
  if ((family !== 4 && family !== 6) || Number(length) > BITS[family]) return undefined;
  return { family, prefixLength: Number(length) };
}

function address(family: Family): Setting<string> {
  const isFit = family === undefined ? (value: string) => isIP(value) !== 0 : FAMILY_TEST[family];
  return text(family === undefined ? "an IP address" : FAMILY_WORDS[family], (value) => {
    if (!isFit(value) || value.includes("%")) throw new Error(`"${value}" is none`);
  });
}

function cidr(family: 4 | 6, words: string): Setting<string> {
  return text(words, (value) => {
    if (splitCidr(value)?.family !== family) throw new Error(`invalid CIDR address: ${value}`);
  });
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isRecord = typeof value === "object" && value !== null && !Array.isArray(value);
  return isRecord ? (value as Readonly<Record<string, unknown>>) : undefined;
}
