/** Why a host port cannot be had, in Docker's words. */
import { type CtrError, systemFailure } from "../../lib/errors.ts";
import type { Protocol } from "../types.ts";
import { isIpv6 } from "./host-address.ts";
import type { HostPort, PortHolder } from "./port-table.ts";

/** `CTR_PORT_ALLOCATED`: a container of ours has it. */
export function alreadyAllocated({ protocol, hostIp, port }: HostPort, holder: PortHolder): CtrError {
  // Docker writes an IPv6 address without brackets here.
  return systemFailure(`Bind for ${hostIp}:${port} failed: port is already allocated`, {
    code: "CTR_PORT_ALLOCATED",
    hint: `port ${port}/${protocol} is published by ${holder.containerName}: ctr net ports shows who has which`,
  });
}

/** The words of Go's syscall package, which Docker's messages end with. */
const GO_TEXTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "cannot assign requested address",
  EACCES: "permission denied",
  EINVAL: "invalid argument",
  EAFNOSUPPORT: "address family not supported by protocol",
  EMFILE: "too many open files",
  ENFILE: "too many open files in system",
};

/** `CTR_PORT_IN_USE`: the kernel refuses it. @param errno name of the error number */
export function bindFailed({ protocol, hostIp, port }: HostPort, errno: string): CtrError {
  const address = isIpv6(hostIp) ? `[${hostIp}]` : hostIp;
  return systemFailure(`failed to bind host port ${address}:${port}/${protocol}: ${GO_TEXTS[errno] ?? errno}`, {
    code: "CTR_PORT_IN_USE",
    hint: hintFor(errno, protocol, port),
  });
}

function hintFor(errno: string, protocol: Protocol, port: number): string | undefined {
  if (errno === "EADDRINUSE") return `ss -Hlnp${protocol === "udp" ? "u" : "t"} sport = :${port} shows who has it`;
  if (errno === "EADDRNOTAVAIL") return "ip address shows the addresses of this host";
  if (errno === "EAFNOSUPPORT") return "this host has no IPv6";
  if (errno === "EMFILE") return "each published port takes a file: raise LimitNOFILE of ctrd";
  return undefined;
}

/** `CTR_PORTS_EXHAUSTED`. @param first of the range that was asked for; 0 for any ephemeral port */
export function portsExhausted(first: number, last: number): CtrError {
  return systemFailure("all ports are allocated", {
    code: "CTR_PORTS_EXHAUSTED",
    hint: first === 0 ? "widen net.ipv4.ip_local_port_range" : `no host port from ${first} to ${last} is free`,
  });
}
