/**
 * Kernel parameters of one interface among a container's own. They cannot be set before the interface is there, so that they
 * belong to the endpoint: older clients' are moved there, newer ones' are refused. Docker's rules, texts and status.
 */
import { type CtrError, systemFailure } from "../../../lib/errors.ts";
import { EndpointOption } from "../../../netns/index.ts";
import type { ContainerCreateRequest } from "../../types.ts";

/** Minor number of the first API version in which the client has to name the endpoint itself. */
const REFUSED_SINCE = 48;

const OPTION = EndpointOption.sysctls;

/** `net.ipv4.conf.eth0.forwarding`; names of interfaces may have dots in no part but the last. */
const OF_INTERFACE = /^net\.([^.]*)\.([^.]*)\.(eth[^.]*)\.(.+)$/;

export interface MovedSysctls {
  readonly request: ContainerCreateRequest;
  readonly warnings: readonly string[];
}

/**
 * @param version minor number of the API version
 * @throws a failure with Docker's text where the client must say which endpoint it means
 */
export function moveInterfaceSysctls(request: ContainerCreateRequest, version: number): MovedSysctls {
  const { HostConfig: { Sysctls = {}, NetworkMode } = {} } = request;
  const mode = NetworkMode || "default";
  if (mode === "host" || mode.startsWith("container:")) return { request, warnings: [] };
  const moved = Object.entries(Sysctls).flatMap(([name, value]) => {
    const [, family, kind, link, parameter] = OF_INTERFACE.exec(name) ?? [];
    if (link === undefined) return [];
    if (version >= REFUSED_SINCE) throw refusal(name, `net.${family}.${kind}.IFNAME.${parameter}=${value}`);
    if (link !== "eth0") throw unknownEndpoint(name);
    return { name, setting: `net.${family}.${kind}.IFNAME.${parameter}=${value}` };
  });
  const [first] = moved;
  if (first === undefined) return { request, warnings: [] };
  const settings = moved.map(({ setting }) => setting).join(",");
  const names = moved.map(({ name }) => name);
  return {
    request: {
      ...request,
      HostConfig: {
        ...request.HostConfig,
        Sysctls: Object.fromEntries(Object.entries(Sysctls).filter(([name]) => !names.includes(name))),
      },
      NetworkingConfig: {
        EndpointsConfig: withOption(request, endpointOf(request, mode, first.name), settings),
      },
    },
    warnings: [`Migrated sysctl "${names.join(",")}" to DriverOpts{"${OPTION}":"${settings}"}.`],
  };
}

/** The key of the network mode's endpoint. @param name of the parameter that wants it */
function endpointOf({ NetworkingConfig }: ContainerCreateRequest, mode: string, name: string): string {
  const keys = Object.keys(NetworkingConfig?.EndpointsConfig ?? {});
  const own = mode === "default" && !keys.includes(mode) ? "bridge" : mode;
  if (keys.length === 0 || keys.includes(own)) return own;
  throw systemFailure(
    `unable to find a network for sysctl ${name}: HostConfig.NetworkMode must match the identity of a network in NetworkSettings.Networks`,
    "CTR_SYSCTL_OF_INTERFACE",
  );
}

/** The endpoints with the settings in one of them, before those that it has already. */
function withOption({ NetworkingConfig }: ContainerCreateRequest, network: string, settings: string) {
  const endpoints = NetworkingConfig?.EndpointsConfig ?? {};
  const options = endpoints[network]?.DriverOpts ?? {};
  const all = [settings, options[OPTION]].filter(Boolean).join(",");
  return { ...endpoints, [network]: { ...endpoints[network], DriverOpts: { ...options, [OPTION]: all } } };
}

const refusal = (name: string, setting: string): CtrError =>
  systemFailure(`interface specific sysctl setting "${name}" must be supplied using driver option '${OPTION}'`, {
    code: "CTR_SYSCTL_OF_INTERFACE",
    hint: `write --network name=NETWORK,driver-opt=${OPTION}=${setting}`,
  });

const unknownEndpoint = (name: string): CtrError =>
  systemFailure(
    `unable to determine network endpoint for sysctl ${name}, use driver option '${OPTION}' to set per-interface sysctls`,
    "CTR_SYSCTL_OF_INTERFACE",
  );
