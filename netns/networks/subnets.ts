/** The subnets of a new network: those that were asked for, checked, and those that the engine chooses. */
import { invalid, systemFailure } from "../../lib/errors.ts";
import {
  addressOf,
  type Cidr,
  contains,
  type Family,
  familyName,
  formatAddress,
  formatCidr,
  parseAddress,
  parseCidr,
  readAddress,
  readCidr,
  sameCidr,
  subnetOf,
} from "../ipam/ip.ts";
import { defaultGateway, isUsable } from "../ipam/leases.ts";
import { checkSubnet, choosePool, type Occupied } from "../ipam/pools.ts";
import type { Subnet, SubnetRequest } from "../types.ts";
import { occupiedByNameservers, occupiedRanges, poolsOf } from "./occupied.ts";
import type { NetworkTools } from "./types.ts";

/**
 * Judges what can be judged without looking at the host.
 * @throws `invalid` with Docker's texts, all that is wrong in one
 */
export function checkSubnetRequests(config: readonly SubnetRequest[]): void {
  const problems = config.flatMap((entry) => problemsOf(entry));
  if (problems.length === 0) return;
  const list = problems.length === 1 ? problems.join("") : `* ${problems.join("\n* ")}`;
  throw invalid(`invalid network config:\n${list}`, "CTR_SUBNET_INVALID");
}

function problemsOf({ subnet: text, gateway, ipRange, auxAddresses = {} }: SubnetRequest): string[] {
  if (!text) {
    const needs = gateway || ipRange || Object.keys(auxAddresses).length > 0;
    return needs ? ["invalid subnet : invalid CIDR block notation"] : [];
  }
  const subnet = readCidr(text);
  if (subnet === undefined) return [`invalid subnet ${text}: invalid CIDR block notation`];
  if (isSizeOnly(subnet)) return [];
  return [
    ...(sameCidr(subnet, subnetOf(subnet))
      ? []
      : [`invalid subnet ${text}: it should be ${formatCidr(subnetOf(subnet))}`]),
    ...(ipRange ? rangeProblems(ipRange, subnet) : []),
    ...(gateway ? addressProblems(`invalid gateway ${gateway}`, gateway, subnet) : []),
    ...Object.entries(auxAddresses).flatMap(([name, aux]) =>
      addressProblems(`invalid auxiliary address ${name}`, aux, subnet),
    ),
  ];
}

function rangeProblems(text: string, subnet: Cidr): string[] {
  const range = readCidr(text);
  const what = `invalid ip-range ${text}`;
  if (range === undefined) return [`${what}: invalid CIDR block notation`];
  if (range.family !== subnet.family) return [`${what}: parent subnet is an ${familyName(subnet.family)} block`];
  const parent = formatCidr(subnet);
  return [
    ...(range.prefixLength < subnet.prefixLength
      ? [`${what}: CIDR block is bigger than its parent subnet ${parent}`]
      : []),
    ...(sameCidr(range, subnetOf(range)) ? [] : [`${what}: it should be ${formatCidr(subnetOf(range))}`]),
    ...(contains(subnet, addressOf(range)) ? [] : [`${what}: parent subnet ${parent} doesn't contain ip-range`]),
  ];
}

function addressProblems(what: string, text: string, subnet: Cidr): string[] {
  const address = readAddress(text);
  if (address === undefined) return [`${what}: invalid address`];
  if (address.family !== subnet.family) return [`${what}: parent subnet is an ${familyName(subnet.family)} block`];
  return contains(subnet, address) ? [] : [`${what}: parent subnet ${formatCidr(subnet)} doesn't contain this address`];
}

/** `0.0.0.0/24`: any subnet of that size. */
const isSizeOnly = ({ address, prefixLength }: Cidr): boolean => address === 0n && prefixLength > 0;

export interface SubnetsRequest {
  /** Name of the network. */
  readonly network: string;
  readonly families: readonly Family[];
  readonly config: readonly SubnetRequest[];
  /** The driver has room for one subnet of each family only. */
  readonly single: boolean;
  /** Containers leave by the gateway: each subnet of the family needs one. */
  readonly withGateway: (family: Family) => boolean;
}

/**
 * Those that are asked for, of IPv4 first, then IPv6, and behind them those of the pools that a family gets for which none
 * is asked.
 * @throws Docker's texts: `forbidden` for an overlap, `unavailable` when the pools are exhausted, `invalid`
 */
export function settleSubnets(tools: NetworkTools, request: SubnetsRequest): { subnets: Subnet[]; warnings: string[] } {
  const occupied = occupiedRanges(tools.netlink, tools.store);
  const warnings: string[] = [];
  const given: Subnet[] = [];
  const chosen: Subnet[] = [];
  for (const family of request.families) {
    const asked = request.config.filter(({ subnet }) => subnet && parseCidr(subnet).family === family);
    if (request.single && asked.length > 1) {
      throw invalid("bridge driver doesn't support multiple subnets", "CTR_SUBNET_INVALID");
    }
    for (const entry of asked.length > 0 ? asked : [{}]) {
      const earlier = given.map(({ subnet }) => parseCidr(subnet));
      const cidr = settleSubnet(tools, request.network, family, entry, [...occupied, ...ownRanges(earlier)], warnings);
      (asked.length > 0 ? given : chosen).push(withGateway(cidr, entry, request.withGateway(family)));
    }
  }
  const unused = request.config.filter(({ subnet }) => subnet && !request.families.includes(parseCidr(subnet).family));
  for (const { subnet = "" } of unused) {
    warnings.push(
      `subnet ${subnet} is ignored: ${familyName(parseCidr(subnet).family)} is not enabled on this network`,
    );
  }
  return { subnets: [...given, ...chosen], warnings };
}

function settleSubnet(
  { config, store, logger }: NetworkTools,
  network: string,
  family: Family,
  { subnet: text }: SubnetRequest,
  occupied: readonly Occupied[],
  warnings: string[],
): Cidr {
  const asked = text ? parseCidr(text) : undefined;
  if (asked !== undefined && !isSizeOnly(asked)) {
    const warning = checkSubnet(network, asked, occupied);
    if (warning !== undefined) warnings.push(warning);
    return asked;
  }
  const pools = poolsOf(config, store);
  const everything = [...occupied, ...occupiedByNameservers(logger)];
  const size = asked === undefined ? {} : { size: asked.prefixLength };
  return choosePool({ network, family, pools, occupied: everything, ...size }, logger);
}

/** Two subnets of one network must not overlap either. */
const ownRanges = (subnets: readonly Cidr[]): Occupied[] =>
  subnets.map((subnet) => ({ subnet, by: "another subnet of this network", isNetwork: true }));

function withGateway(cidr: Cidr, { gateway, ipRange, auxAddresses }: SubnetRequest, needed: boolean): Subnet {
  const range = ipRange ? parseCidr(ipRange) : undefined;
  checkGiven(cidr, gateway, auxAddresses ?? {});
  const aux = new Set(Object.values(auxAddresses ?? {}).map((text) => parseAddress(text).value));
  const chosen = gateway || (needed ? formatAddress(defaultGateway(cidr, range, aux)) : undefined);
  return {
    subnet: formatCidr(cidr),
    ...(chosen === undefined ? {} : { gateway: formatAddress(parseAddress(chosen)) }),
    ...(range === undefined ? {} : { ipRange: formatCidr(range) }),
    ...(auxAddresses === undefined || Object.keys(auxAddresses).length === 0 ? {} : { auxAddresses }),
  };
}

/** @throws `system`, as in Docker, for an address that is the subnet's own or given twice */
function checkGiven(cidr: Cidr, gateway: string | undefined, auxAddresses: Readonly<Record<string, string>>): void {
  const taken = new Set<bigint>();
  const take = (text: string, what: string): void => {
    const { value } = parseAddress(text);
    if (isUsable(cidr, value) && !taken.has(value)) {
      taken.add(value);
      return;
    }
    throw systemFailure(`failed to allocate ${what}: Address already in use`, {
      code: "CTR_ADDRESS_IN_USE",
      hint: "it is the subnet's own address, its broadcast, or given twice",
    });
  };
  if (gateway) take(gateway, `gateway (${gateway})`);
  for (const [name, address] of Object.entries(auxAddresses)) {
    take(address, `secondary ip address (${name}:${address})`);
  }
}
