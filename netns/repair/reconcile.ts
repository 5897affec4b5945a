/** Brings store and kernel together after the engine was away: whatever moment it was killed at. */
import { messageOf } from "../../lib/errors.ts";
import { teardown } from "../../lib/teardown.ts";
import type { ProxySpecification } from "../dataplane/index.ts";
import type { NamesSandbox } from "../dns/index.ts";
import { awaitLinkGone } from "../drivers/veth.ts";
import type { Grants } from "../grants.ts";
import { removeNamespace } from "../namespace.ts";
import { firewallNetworkOf } from "../networks/firewall-network.ts";
import { needsProxy } from "../ports/index.ts";
import { nameRecordsOf, nameServerOf } from "../sandbox/names.ts";
import { bindingsInForce, firewallPortsOf, matchPorts, portTarget, proxiesOf, reservePorts } from "../sandbox/ports.ts";
import { recordedState } from "../sandbox/state.ts";
import type { SandboxState, SandboxTools } from "../sandbox/types.ts";
import type { Difference } from "../types.ts";
import { elementFaults } from "./elements.ts";
import { firewallFaults, linkFaults, networkFaults, routeFaults, strayFaults } from "./faults.ts";
import { flowFaults } from "./flows.ts";
import { nameServerFaults } from "./names.ts";
import { proxyFaults } from "./proxy-arp.ts";
import { switchFaults } from "./switches.ts";
import type { Fault } from "./types.ts";

/**
 * Repairs the sandboxes of containers that run, and removes everything else of ours: namespaces, links on our bridges,
 * rules, records.
 * @param live ids of containers that run, or whose sandbox others use
 * @throws `system` with a list of what could not be cleaned up
 */
export async function reconcile(
  tools: SandboxTools,
  grants: Grants,
  runDir: string,
  live: ReadonlySet<string>,
): Promise<void> {
  const { store, logger } = tools;
  const dead = sandboxStates(tools).filter(({ containerId }) => !live.has(containerId));
  await mendAll(tools, switchFaults(tools));
  await mendAll(tools, proxyFaults(tools));
  await mendAll(tools, networkFaults(tools));
  await teardown("what the last run left", [
    ...dead.flatMap((state) => removeDead(tools, state)),
    ...strayFaults(tools, runDir, new Set(store.sandboxes().map(({ containerId }) => containerId))).map(
      ({ object: what, mend: run }) => ({ what, run }),
    ),
  ]);
  const states = sandboxStates(tools);
  for (const state of states) {
    await mendAll(tools, linkFaults(tools, state));
    await mendAll(tools, routeFaults(state));
  }
  for (const state of states) restorePorts(tools, state);
  tools.firewall.sync({
    networks: store
      .networks()
      .filter(({ driver }) => driver === "bridge")
      .map(firewallNetworkOf),
    ports: states.flatMap((state) => firewallPortsOf(tools, { state, ports: store.portsOf(state.containerId) })),
    grants: grants.take(),
  });
  try {
    await tools.dataPlane.restore(dataPlaneState(tools, states));
  } catch (error) {
    logger.error("The data plane cannot be restored: names and proxies are away.", { error: messageOf(error) });
  }
}

/** @returns what was wrong, and whether it is mended */
export async function repair(
  tools: SandboxTools,
  runDir: string,
  { dryRun }: { readonly dryRun: boolean },
): Promise<Difference[]> {
  const differences: Difference[] = [];
  // Later ones may be the consequences of earlier ones: they are looked for when those are mended.
  const looks: (() => Fault[] | Promise<Fault[]>)[] = [
    () => switchFaults(tools),
    () => proxyFaults(tools),
    () => networkFaults(tools),
    () => strayFaults(tools, runDir, new Set(sandboxStates(tools).map(({ containerId }) => containerId))),
    ...sandboxStates(tools).flatMap((state) => [
      () => linkFaults(tools, state),
      () => routeFaults(state),
      () => nameServerFaults(tools, state),
    ]),
    () => firewallFaults(tools),
    () => elementFaults(tools, sandboxStates(tools)),
    () => flowFaults(tools, sandboxStates(tools)),
  ];
  for (const look of looks) {
    for (const fault of await look()) differences.push(await differenceOf(fault, dryRun));
  }
  return differences;
}

async function differenceOf({ kind, object, text, mend }: Fault, dryRun: boolean): Promise<Difference> {
  if (dryRun) return { kind, object, text, repaired: false };
  try {
    await mend();
    return { kind, object, text, repaired: true };
  } catch (error) {
    return { kind, object, text, repaired: false, error: messageOf(error) };
  }
}

const sandboxStates = ({ store }: SandboxTools): SandboxState[] =>
  store.sandboxes().flatMap(({ containerId }) => recordedState(store, containerId) ?? []);

/** Their rules go with the firewall's `sync` at the end, all in one transaction. */
function removeDead({ netlink, store, hostPorts }: SandboxTools, state: SandboxState) {
  const { containerId, namespacePath: path, connections } = state;
  const links = connections.flatMap(({ hostInterface }) => hostInterface ?? []);
  return [
    ...(path === undefined ? [] : [{ what: `namespace ${path}`, run: () => removeNamespace(path) }]),
    ...links.map((name) => ({ what: `link ${name}`, run: () => awaitLinkGone(netlink, name) })),
    {
      what: `record of ${containerId}`,
      run: () => {
        hostPorts.release(containerId);
        store.removeSandbox(containerId);
      },
    },
  ];
}

/** One container's trouble must not keep the engine from starting. */
async function mendAll({ logger }: SandboxTools, faults: readonly Fault[]): Promise<void> {
  for (const fault of faults) {
    const { object, text, error } = await differenceOf(fault, false);
    if (error === undefined) logger.warn(`Repaired ${object}: ${text}.`);
    else logger.error(`${object} cannot be repaired: ${text}.`, { error });
  }
}

/** Holds what is recorded; an engine that was killed while a network came or went had not brought the record up to date. */
function restorePorts(tools: SandboxTools, state: SandboxState): void {
  const { store, hostPorts, logger } = tools;
  const { containerId } = state;
  const target = portTarget(tools, state);
  hostPorts.restore(store.portsOf(containerId), state, (port) => needsProxy(port, target));
  const record = store.sandbox(containerId);
  try {
    const wanted = bindingsInForce(tools, state, record?.kept === false ? record.bindings : []);
    const { missing, gone } = matchPorts(store.portsOf(containerId), wanted);
    store.removePorts(containerId, gone);
    hostPorts.release(containerId, gone);
    store.addPorts(containerId, reservePorts(tools, state, missing));
  } catch (error) {
    logger.error("A running container's ports cannot be published.", {
      container: containerId,
      error: messageOf(error),
    });
  }
}

function dataPlaneState(tools: SandboxTools, states: readonly SandboxState[]) {
  const { store } = tools;
  const up = new Map(store.sandboxes().map((record) => [record.containerId, record]));
  const running = (containerId: string): boolean => up.get(containerId)?.kept === false;
  const records = store
    .containersWithEndpoints()
    .flatMap((id) => nameRecordsOf(store, store.endpointsOfContainer(id), running(id)));
  const sandboxes: NamesSandbox[] = [];
  const proxies: ProxySpecification[] = [];
  for (const state of states) {
    const { containerId } = state;
    const server = nameServerOf(store, state, up.get(containerId)?.dns ?? {});
    if (server !== undefined) sandboxes.push(server);
    proxies.push(...proxiesOf(tools, { state, ports: store.portsOf(containerId) }));
  }
  return { records, sandboxes, proxies };
}
