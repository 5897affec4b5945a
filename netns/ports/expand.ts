/** `-p 8080:80` names no host address: which addresses that means. */
import { readFileSync } from "node:fs";
import { hasCode, invalid } from "../../lib/errors.ts";
import type { PortBinding, PublishPolicy } from "../types.ts";
import { ALL_ADDRESSES, ALL_ADDRESSES_6, isIpv6, isLoopback } from "./host-address.ts";
import { hasPath, isRouted, type PortTarget } from "./paths.ts";

/** A binding with its host address. */
export interface PlacedBinding extends PortBinding {
  /** Its network is routed: it is open at the container's own address, and takes no port of the host. */
  readonly routed?: true;
}

export interface PublishDefaults {
  /** The network's `host_binding_ipv4`, else `ip` of daemon.json. `0.0.0.0`, the default, means both families. */
  readonly address?: string;
  /** `publish-policy` of daemon.json: of bindings without one. */
  readonly policy?: PublishPolicy;
  /** Whether this host has IPv6. Found out when absent. */
  readonly hostHasIpv6?: boolean;
}

const EVERYWHERE = [ALL_ADDRESSES, ALL_ADDRESSES_6];
const LOOPBACK = ["127.0.0.1", "::1"];

/**
 * Gives each binding its host address, so that {@link HostPorts.reserve} can take it. A binding without one becomes two, of
 * IPv4 and of IPv6, which get the same port; the family by which the container cannot be reached is left out, as Docker does.
 * On a routed network neither address, host port nor policy mean anything: the family alone is left of them.
 * @throws `invalid` (`CTR_PORT_UNREACHABLE`) when the user named an address that cannot lead to the container
 */
export function expandBindings(
  bindings: readonly PortBinding[],
  target: PortTarget,
  defaults: PublishDefaults = {},
): PlacedBinding[] {
  const routed = new Set<string>();
  return placeBindings(bindings, target, defaults).flatMap((binding) => {
    if (!isRouted(binding, target)) return binding;
    const { protocol, containerPort, hostIp } = binding;
    const place = { protocol, containerPort, hostIp: isIpv6(hostIp) ? ALL_ADDRESSES_6 : ALL_ADDRESSES, hostPort: 0 };
    const key = JSON.stringify(place);
    if (routed.has(key)) return [];
    routed.add(key);
    return { ...place, routed: true as const };
  });
}

function placeBindings(bindings: readonly PortBinding[], target: PortTarget, defaults: PublishDefaults): PortBinding[] {
  let ipv6 = defaults.hostHasIpv6;
  return bindings.flatMap((given) => {
    const binding = withPolicy(given, defaults.policy);
    if (binding.hostIp !== "") return [checkPath(binding, target)];
    const addresses = defaultAddresses(binding, defaults.address).filter((hostIp) => {
      if (!hasPath({ ...binding, hostIp }, target)) return false;
      ipv6 ??= isIpv6(hostIp) ? hostHasIpv6() : undefined;
      return !isIpv6(hostIp) || ipv6 === true;
    });
    if (addresses.length === 0) throw unreachable(binding);
    return addresses.map((hostIp) => ({ ...binding, hostIp }));
  });
}

/**
 * A port that is published for all says nothing: it is as Docker knows it. The engine's `loopback` is a default address:
 * one that the user gives goes before it.
 */
function withPolicy({ policy: own, ...binding }: PortBinding, general: PublishPolicy | undefined): PortBinding {
  const isNamed = binding.hostIp !== "";
  if (own === "loopback" && isNamed && !isLoopback(binding.hostIp)) {
    throw invalid(`publish policy loopback and host address ${binding.hostIp} contradict each other`, {
      code: "CTR_PORT_INVALID",
      hint: "leave one of them out",
    });
  }
  const policy = own ?? (general === "loopback" && isNamed ? "all" : general) ?? "all";
  return policy === "all" ? binding : { ...binding, policy };
}

function defaultAddresses({ policy }: PortBinding, address: string = ALL_ADDRESSES): readonly string[] {
  if (policy === "loopback") return LOOPBACK;
  return address === ALL_ADDRESSES || address === "" ? EVERYWHERE : [address];
}

function checkPath(binding: PortBinding, target: PortTarget): PortBinding {
  if (hasPath(binding, target)) return binding;
  throw unreachable(binding);
}

function unreachable({ protocol, containerPort, hostIp, policy }: PortBinding) {
  const where = hostIp === "" ? "" : ` on ${hostIp}`;
  return invalid(
    `cannot publish port ${containerPort}/${protocol}${where}: the container cannot be reached from there`,
    {
      code: "CTR_PORT_UNREACHABLE",
      hint:
        policy === "hostfw" || protocol === "sctp"
          ? "a proxy would be needed, and there is none for sctp"
          : "give its network an address family of the host address, or switch userland-proxy on",
    },
  );
}

/** In the network namespace of the calling thread: with IPv6 off, not even loopback has an address. */
export function hostHasIpv6(): boolean {
  try {
    return readFileSync("/proc/thread-self/net/if_inet6", "utf8") !== "";
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}
