/** Making networks and taking them away: store, kernel and firewall together, whole or nothing. */
import { type CtrError, conflict, forbidden, invalid, notFound, unavailable } from "../../lib/errors.ts";
import { generateId, shortId } from "../../lib/ids.ts";
import { requireBridge } from "../drivers/bridge.ts";
import { uplinkMtu } from "../drivers/bridge-device.ts";
import { driverOf } from "../drivers/index.ts";
import { parentNameOf } from "../drivers/parent.ts";
import { ipvlanSettings, isLayer3, macvlanMode } from "../drivers/sublinks.ts";
import type { StepHook } from "../fault-points.ts";
import { ensureForwarding } from "../forwarding.ts";
import type { Family } from "../ipam/ip.ts";
import { runSteps, type Step } from "../steps.ts";
import type { Network, NetworkConfig, NetworkDriver, NetworkRequest } from "../types.ts";
import { checkConfigurationUnused, settleConfiguration, withConfiguration } from "./configuration.ts";
import { firewallNetworkOf } from "./firewall-network.ts";
import {
  bridgeNameOption,
  bridgeSettings,
  CommonOption,
  checkAdvertising,
  flagOption,
  mtuOption,
  type Options,
  ParentOption,
  prefixOption,
  settingsOf,
  unknownOptions,
} from "./options.ts";
import { checkSubnetRequests, settleSubnets } from "./subnets.ts";
import type { NetworkTools } from "./types.ts";

/** The networks that the engine brings along. */
const PREDEFINED = ["bridge", "host", "none", "default"];

/**
 * Judges a request, settles what it leaves open, and makes the network.
 * @throws Docker's texts; nothing has changed then
 */
export function createNetwork(
  tools: NetworkTools,
  request: NetworkRequest,
  hook: StepHook,
): { network: Network; warnings: string[] } {
  checkName(tools, request);
  const { network, warnings } =
    request.configOnly === true
      ? { network: settleConfiguration(request), warnings: [] }
      : settleNetwork(tools, withConfiguration(tools.store, request));
  tools.store.transaction(() => {
    tools.store.saveNetwork(network);
    runSteps(`the network ${network.name}`, makeSteps(tools, network), tools.logger, hook);
  });
  return { network, warnings };
}

function makeSteps({ netlink, firewall, config }: NetworkTools, network: Network): Step[] {
  const driver = driverOf(network.driver);
  if (driver === undefined) return [];
  const steps: Step[] = [
    {
      name: "make the device",
      point: "createNetwork:device",
      run: () => {
        ensureForwarding(config, network.enableIPv6);
        const created = driver.ensure(netlink, network);
        try {
          driver.probe?.(netlink, network);
        } catch (error) {
          if (created) driver.remove(netlink, network);
          throw error;
        }
      },
      undo: () => driver.remove(netlink, network),
    },
  ];
  if (network.driver !== "bridge") return steps;
  return [
    ...steps,
    {
      name: "make the rules",
      point: "createNetwork:firewall",
      run: () => firewall.addNetwork(firewallNetworkOf(network)),
    },
  ];
}

/**
 * Takes a network out of store and firewall; {@link removeDevice} takes away the rest. Containers that do not run lose it:
 * they cannot start until they are connected elsewhere.
 * @throws `forbidden` with Docker's texts for a predefined network, and one that running containers are on
 */
export function forgetNetwork(tools: NetworkTools, network: Network, hook: StepHook): void {
  const { store, firewall, logger } = tools;
  checkRemovable(tools, network);
  store.transaction(() => {
    store.loseNetwork(network);
    store.removeNetwork(network.id);
    const ofBridge: Step = {
      name: "remove the rules",
      point: "removeNetwork:firewall",
      run: () => firewall.removeNetwork(requireBridge(network)),
    };
    runSteps(`removing the network ${network.name}`, network.driver === "bridge" ? [ofBridge] : [], logger, hook);
  });
}

/** The device of a network that nobody can use any more. What a crash leaves of it goes at the next start. */
export async function removeDevice({ netlink }: NetworkTools, network: Network, hook: StepHook): Promise<void> {
  await driverOf(network.driver)?.removeInBackground(netlink, network);
  hook("removeNetwork:device");
}

/** @throws `forbidden` with Docker's texts */
function checkRemovable({ store }: NetworkTools, network: Network): void {
  if (PREDEFINED.includes(network.name)) {
    throw forbidden(`${network.name} is a pre-defined network and cannot be removed`, "CTR_NETWORK_PREDEFINED");
  }
  checkConfigurationUnused(store, network);
  const active = store.endpointsOfNetwork(network.id).filter(({ interfaceName }) => interfaceName !== undefined);
  if (active.length === 0) return;
  const names = active.map(({ containerName, id }) => `name:"${containerName}" id:"${shortId(id)}"`).join(", ");
  throw forbidden(`error while removing network: network ${network.name} has active endpoints (${names})`, {
    code: "CTR_NETWORK_IN_USE",
    hint: `stop the containers, or: ctr network disconnect ${network.name} CONTAINER`,
  });
}

/** @throws Docker's texts */
function settleNetwork(tools: NetworkTools, request: NetworkRequest): { network: Network; warnings: string[] } {
  const { config, netlink } = tools;
  const driver = checkRequest(request);
  const id = generateId();
  const options = withDefaults(driver, request, config);
  // Without a parent there is no way out.
  const internal = request.internal === true || (driver !== "bridge" && !options[ParentOption.parent]);
  const families = familiesOf(request, options);
  const mtu = mtuOption(options);
  checkMtuOfFamilies(mtu, families);
  checkDriverOptions(tools, driver, options, internal);
  const hasAddresses = request.ipam?.driver !== "null";
  const bridge = driver === "bridge" ? (bridgeNameOption(options) ?? `br-${shortId(id)}`) : undefined;
  if (bridge !== undefined) checkBridgeName(tools, id, bridge);
  const draft = { id, name: request.name, driver, options, internal };
  const { subnets, warnings } = settleSubnets(tools, {
    network: request.name,
    families: hasAddresses ? families : [],
    config: request.ipam?.config ?? [],
    single: driver === "bridge",
    withGateway: (family) => !isLayer3(draft) && !isIsolated(draft, family),
  });
  const network: Network = {
    ...draft,
    created: new Date().toISOString(),
    enableIPv4: families.includes(4),
    enableIPv6: families.includes(6),
    subnets,
    ...(bridge === undefined ? {} : { bridge }),
    ...(mtu === undefined && driver !== "bridge" ? {} : { mtu: mtu ?? uplinkMtu(netlink) }),
    attachable: request.attachable ?? false,
    ipamDriver: request.ipam?.driver ?? "default",
    ipamOptions: request.ipam?.options ?? null,
    labels: request.labels ?? {},
    ...(request.configFrom === undefined ? {} : { configFrom: request.configFrom }),
  };
  return { network, warnings: [...warnings, ...unknownOptions(driver, options)] };
}

/** @throws Docker's texts for a name that is none, or that another network has */
function checkName({ store }: NetworkTools, { name }: NetworkRequest): void {
  if (name.trim() === "") throw invalid("invalid name: name is empty", "CTR_NETWORK_NAME_INVALID");
  if (PREDEFINED.includes(name)) {
    // The blank at the end is Docker's.
    throw forbidden(`operation is not permitted on predefined ${name} network `, "CTR_NETWORK_PREDEFINED");
  }
  if (store.networkByName(name) === undefined) return;
  throw conflict(`network with name ${name} already exists`, "CTR_NETWORK_EXISTS");
}

/** The bridge has no address of the family, nor has anybody else who leads out, and so none is kept for it. */
function isIsolated(network: Pick<Network, "driver" | "options" | "internal">, family: Family): boolean {
  if (network.driver !== "bridge") return false;
  const { gatewayMode4, gatewayMode6, inhibitIPv4 } = settingsOf(network);
  if (family === 4 && network.internal && inhibitIPv4) return true;
  return (family === 4 ? gatewayMode4 : gatewayMode6) === "isolated";
}

/** What is wrong whatever the host is like. @throws Docker's texts */
function checkRequest({ driver = "bridge", ipam, ingress, scope }: NetworkRequest): NetworkDriver {
  if (driver === "overlay") throw noSwarm();
  if (ingress === true) throw forbidden("Ingress network can only be global scope network", "CTR_SWARM_UNAVAILABLE");
  if (scope === "swarm") {
    throw forbidden("cannot create a swarm scoped network when swarm is not active", "CTR_SWARM_UNAVAILABLE");
  }
  if (scope !== undefined && scope !== "" && scope !== "local") {
    throw invalid(`invalid scope ${JSON.stringify(scope)}: ctr's networks are local`, "CTR_NETWORK_SCOPE_INVALID");
  }
  if (driver === "host" || driver === "null") {
    throw forbidden(`only one instance of "${driver}" network is allowed`, "CTR_NETWORK_SINGLETON");
  }
  if (driver !== "bridge" && driver !== "macvlan" && driver !== "ipvlan") throw noPlugin(driver);
  const { driver: ipamDriver = "default", config = [] } = ipam ?? {};
  if (ipamDriver !== "default" && ipamDriver !== "null") throw noPlugin(ipamDriver);
  checkSubnetRequests(config);
  return driver;
}

const noPlugin = (name: string): CtrError =>
  notFound(`plugin ${JSON.stringify(name)} not found`, {
    code: "CTR_NETWORK_DRIVER_UNKNOWN",
    hint: "ctr has the drivers bridge, macvlan, ipvlan, host and null",
  });

const noSwarm = (): CtrError =>
  unavailable(
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
    { code: "CTR_SWARM_UNAVAILABLE", hint: "ctr works on one host: use the bridge driver" },
  );

/** What the request says of a family by itself takes the place of a default, which then is not shown as an option. */
function withDefaults(
  driver: NetworkDriver,
  { enableIPv4, enableIPv6, options = {} }: NetworkRequest,
  { defaultNetworkOpts }: NetworkConfig,
): Options {
  const defaults: Record<string, string> = { ...defaultNetworkOpts?.[driver] };
  if (enableIPv4 !== undefined) delete defaults[CommonOption.enableIPv4];
  if (enableIPv6 !== undefined) delete defaults[CommonOption.enableIPv6];
  return { ...defaults, ...options };
}

function familiesOf({ enableIPv4, enableIPv6 }: NetworkRequest, options: Options): Family[] {
  const families: Family[] = [
    ...((enableIPv4 ?? flagOption(options, CommonOption.enableIPv4, true)) ? ([4] as const) : []),
    ...((enableIPv6 ?? flagOption(options, CommonOption.enableIPv6, false)) ? ([6] as const) : []),
  ];
  if (families.length > 0) return families;
  throw invalid("IPv4 or IPv6 must be enabled", "CTR_NETWORK_FAMILY_INVALID");
}

function checkMtuOfFamilies(mtu: number | undefined, families: readonly Family[]): void {
  // RFC 8200, 5: every link that carries IPv6 has at least 1280 bytes.
  if (mtu === undefined || mtu >= 1280 || !families.includes(6)) return;
  throw invalid(`invalid mtu ${mtu}: a network with IPv6 needs at least 1280`, "CTR_MTU_INVALID");
}

function checkDriverOptions({ store }: NetworkTools, driver: NetworkDriver, options: Options, internal: boolean): void {
  prefixOption(options);
  checkAdvertising(options);
  if (driver === "bridge") {
    bridgeSettings(options, internal);
    return;
  }
  if (driver === "macvlan") macvlanMode({ options });
  else ipvlanSettings({ options });
  const parent = options[ParentOption.parent];
  if (!parent) return;
  const other = store.networks().find((network) => network.driver !== "bridge" && hasParent(network, parent));
  // Two macvlan networks on one link would see each other's containers; a VLAN each keeps them apart.
  if (other === undefined || other.driver === driver) return;
  throw forbidden(`network ${other.name} is already using parent interface ${parent}`, {
    code: "CTR_PARENT_TAKEN",
    hint: "the kernel takes macvlan or ipvlan links on one parent, not both: use a VLAN of it, as in eth0.10",
  });
}

const hasParent = (network: Network, parent: string): boolean =>
  (network.driver === "macvlan" || network.driver === "ipvlan") && parentNameOf(network) === parent;

function checkBridgeName({ store }: NetworkTools, id: string, bridge: string): void {
  const other = store.networks().find((network) => network.bridge === bridge);
  if (other === undefined) return;
  throw forbidden(
    `cannot create network ${id} (${bridge}): conflicts with network ${other.id} (${bridge}): networks have same bridge name`,
    "CTR_BRIDGE_TAKEN",
  );
}
