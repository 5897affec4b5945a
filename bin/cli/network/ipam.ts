/** `--subnet`, `--ip-range`, `--gateway` and `--aux-address` as the API's `IPAM.Config`. Rules and texts are Docker's. */
import { BlockList, isIP } from "node:net";
import { CliError } from "../errors.ts";

export interface SubnetFlags {
  readonly subnets: readonly string[];
  readonly ranges: readonly string[];
  readonly gateways: readonly string[];
  /** Name → address. */
  readonly auxAddresses: Readonly<Record<string, string>>;
}

/** One entry of `IPAM.Config`. */
export interface SubnetConfig {
  Subnet: string;
  IPRange?: string;
  Gateway?: string;
  AuxiliaryAddresses?: Record<string, string>;
}

/**
 * Finds the subnet that each range, gateway and address belongs to. What a subnet itself may be, the engine says.
 * @throws {CliError} with Docker's texts
 */
export function subnetConfigs({ subnets, ranges, gateways, auxAddresses }: SubnetFlags): SubnetConfig[] {
  if (subnets.length < ranges.length || subnets.length < gateways.length) {
    throw new CliError("every ip-range or gateway must have a corresponding subnet");
  }
  checkOverlaps(subnets);
  const configs = subnets.map((Subnet): SubnetConfig => ({ Subnet }));
  const subnetOf = (address: string, words: string): SubnetConfig => {
    const config = configs.find(({ Subnet }) => contains(Subnet, address));
    if (config === undefined) throw new CliError(`no matching subnet for ${words} ${address}`);
    return config;
  };
  for (const range of ranges) {
    if (parseCidr(range) === undefined) throw new CliError(`invalid CIDR address: ${range}`);
    const config = subnetOf(range, "range");
    checkSingle("ranges", "on", config, config.IPRange, range);
    config.IPRange = range;
  }
  for (const gateway of gateways) {
    const config = subnetOf(gateway, "gateway");
    checkSingle("gateways", "for", config, config.Gateway, gateway);
    config.Gateway = gateway;
  }
  for (const [name, address] of Object.entries(auxAddresses)) {
    const config = subnetOf(address, "aux-address");
    config.AuxiliaryAddresses = { ...config.AuxiliaryAddresses, [name]: address };
  }
  return configs;
}

function checkSingle(
  what: string,
  word: string,
  { Subnet }: SubnetConfig,
  before: string | undefined,
  now: string,
): void {
  if (before === undefined) return;
  throw new CliError(`cannot configure multiple ${what} (${now}, ${before}) ${word} the same subnet (${Subnet})`);
}

function checkOverlaps(subnets: readonly string[]): void {
  for (const [index, one] of subnets.entries()) {
    for (const other of subnets.slice(index + 1)) {
      if (contains(one, other) || contains(other, one)) {
        throw new CliError("multiple overlapping subnet configuration is not supported");
      }
    }
  }
}

interface Cidr {
  readonly address: string;
  readonly prefixLength: number;
  readonly family: "ipv4" | "ipv6";
}

/** True when the address, or the first address of the subnet, lies in the subnet. */
function contains(subnet: string, addressOrSubnet: string): boolean {
  const outer = parseCidr(subnet);
  const { address = addressOrSubnet, prefixLength = 128 } = parseCidr(addressOrSubnet) ?? {};
  if (outer === undefined || isIP(address) === 0 || prefixLength < outer.prefixLength) return false;
  const list = new BlockList();
  list.addSubnet(outer.address, outer.prefixLength, outer.family);
  return list.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");
}

function parseCidr(text: string): Cidr | undefined {
  const [, address = "", length = ""] = /^([^/%]+)\/(\d{1,3})$/.exec(text) ?? [];
  const version = isIP(address);
  const prefixLength = Number(length);
  if (version === 0 || prefixLength > (version === 4 ? 32 : 128)) return undefined;
  return { address, prefixLength, family: version === 4 ? "ipv4" : "ipv6" };
}
