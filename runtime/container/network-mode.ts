/** `HostConfig.NetworkMode`: what it may be together with, in Docker's texts (moby `runconfig/hostconfig_unix.go`). Pure. */
import { invalid } from "../../lib/errors.ts";
import type { ContainerConfig, HostConfig } from "../types.ts";

const CONTAINER = "container:";
const PREDEFINED: readonly string[] = ["bridge", "default", "host", "none"];

/** Docker's `container:` modes can have no network of their own, and so none of what belongs to one. */
export const SHARED_NETWORK =
  "container sharing network namespace with another container or host cannot be connected to any other network";
export const PRIVATE_NETWORK =
  "container cannot be connected to multiple networks with one of the networks in private (none) mode";
export const HOST_MODE_LINKS =
  "conflicting options: host type networking can't be used with links. This would result in undefined behavior";

/** The container whose network is shared, as `container:` names it; undefined for other modes. */
export function sharedWith({ NetworkMode = "" }: Pick<HostConfig, "NetworkMode">): string | undefined {
  return NetworkMode.startsWith(CONTAINER) ? NetworkMode.slice(CONTAINER.length) : undefined;
}

/** A network that a user made: by name or id. */
export function isUserDefined(mode: string): boolean {
  return !PREDEFINED.includes(mode) && !mode.startsWith(CONTAINER);
}

/** What `default` stands for: an engine with `"bridge": "none"` has no default network. */
export type DefaultNetwork = "bridge" | "none";

/** The mode with the name of the network it stands for. Clients that name the default network mean what there is of it. */
export function canonicalMode(asked: string | undefined, defaultNetwork: DefaultNetwork): string {
  return !asked || asked === "default" || asked === "bridge" ? defaultNetwork : asked;
}

/**
 * @param config as the client asked for it: what the image brings is no conflict
 * @throws `invalid` with Docker's texts
 */
export function checkNetworkMode(config: ContainerConfig, hostConfig: HostConfig): void {
  const { NetworkMode: mode = "", UTSMode, Links } = hostConfig;
  if (mode === "container" || mode === CONTAINER) {
    throw invalid("invalid network mode: invalid container format container:<name|id>", "CTR_NETWORK_MODE_INVALID");
  }
  if (mode.startsWith(CONTAINER)) checkShared(config, hostConfig);
  if (UTSMode === "host" && config.Hostname) throw conflicting("hostname and the UTS mode");
  if (mode === "host" && isGiven(Links)) throw invalid(HOST_MODE_LINKS, "CTR_NETWORK_MODE_CONFLICT");
}

function checkShared(config: ContainerConfig, hostConfig: HostConfig): void {
  const conflicts: readonly (readonly [boolean, string])[] = [
    [Boolean(config.Hostname), "hostname and the network mode"],
    [
      isGiven(hostConfig.Links),
      "container type network can't be used with links. This would result in undefined behavior",
    ],
    [isGiven(hostConfig.Dns), "dns and the network mode"],
    [isGiven(hostConfig.ExtraHosts), "custom host-to-IP mapping and the network mode"],
    [Boolean(config.MacAddress), "mac-address and the network mode"],
    [
      isGiven(hostConfig.PortBindings) || hostConfig.PublishAllPorts === true,
      "port publishing and the container type network mode",
    ],
    [isGiven(config.ExposedPorts), "port exposing and the container type network mode"],
  ];
  const conflict = conflicts.find(([found]) => found);
  if (conflict !== undefined) throw conflicting(conflict[1]);
}

const isGiven = (value: object | null | undefined): boolean => Object.keys(value ?? {}).length > 0;

const conflicting = (what: string) => invalid(`conflicting options: ${what}`, "CTR_NETWORK_MODE_CONFLICT");
