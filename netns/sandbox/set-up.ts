/** A container's sandbox: the steps that make one. */
import { messageOf } from "../../lib/errors.ts";
import type { Connection } from "../drivers/index.ts";
import { removeNamespace } from "../namespace.ts";
import type { NetlinkSocket } from "../netlink/transport.ts";
import { runSteps, type Step } from "../steps.ts";
import type { SandboxRecord } from "../store/index.ts";
import type { PortBinding, PublishedPort, SandboxDns } from "../types.ts";
import {
  addDefaultRoutes,
  attachLink,
  configureLink,
  createSandboxNamespace,
  detachLink,
  openInside,
  setDefaultRoutes,
} from "./links.ts";
import { putNames, serveNames } from "./names.ts";
import { bindingsInForce, changeProxies, changeRules, type Publication, proxiesOf, reservePorts } from "./ports.ts";
import { shapeNewLink } from "./shaping.ts";
import type { SandboxState, SandboxTools } from "./types.ts";

/** A sandbox to be made. */
export interface SandboxPlan {
  readonly state: SandboxState;
  readonly bindings: readonly PortBinding[];
  readonly dns: SandboxDns;
  /** The sandbox of a former run of the container, which others have kept: it is taken over. */
  readonly kept: SandboxRecord | undefined;
}

/**
 * Makes a sandbox, whole or nothing, without awaiting anything: several at once do not get in each other's way.
 * @returns the ports that are taken for it: they lead nowhere yet, see {@link openPorts}
 * @throws `conflict` and `system` errors, with Docker's texts for ports that are taken
 */
export function setUpSandbox(tools: SandboxTools, plan: SandboxPlan): readonly PublishedPort[] {
  using inside = new DisposableStack();
  const ports: PublishedPort[] = [];
  const { containerId } = plan.state;
  const steps = stepsOf(tools, plan, ports, inside);
  const microseconds = runSteps(`the sandbox of ${containerId}`, steps, tools.logger, tools.step);
  tools.logger.debug("The sandbox is up.", { container: containerId, microseconds });
  return ports;
}

function stepsOf(tools: SandboxTools, plan: SandboxPlan, ports: PublishedPort[], resources: DisposableStack): Step[] {
  const { netlink, store, hostPorts } = tools;
  const { state, kept } = plan;
  const { containerId, namespacePath, connections } = state;
  const present = new Set(store.endpointsOfContainer(containerId).flatMap((endpoint) => endpoint.interfaceName ?? []));
  const added = connections.filter(({ interfaceName }) => !present.has(interfaceName));
  const steps: Step[] = [
    {
      name: "reserve host ports",
      point: "setUp:ports",
      run: () => {
        ports.push(...reservePorts(tools, state, bindingsInForce(tools, state, plan.bindings)));
      },
      undo: () => hostPorts.release(containerId),
    },
    {
      name: "record the sandbox",
      point: "setUp:record",
      run: () => record(tools, plan, ports),
      undo: () => unrecord(tools, plan, added),
    },
  ];
  if (namespacePath === undefined) return steps;

  let inside: NetlinkSocket;
  steps.push({
    name: "create the namespace",
    point: "setUp:namespace",
    run: () => {
      inside = resources.use(kept === undefined ? createSandboxNamespace(namespacePath) : openInside(namespacePath));
    },
    undo: () => {
      if (kept === undefined) removeNamespace(namespacePath);
    },
  });
  for (const connection of added) {
    steps.push(
      {
        name: `connect ${connection.interfaceName} to ${connection.network.name}`,
        point: "setUp:cable",
        run: () => attachLink(netlink, namespacePath, connection),
        undo: () => detachLink(netlink, inside, connection),
      },
      {
        name: `configure ${connection.interfaceName}`,
        point: "setUp:configure",
        run: () => {
          configureLink(inside, namespacePath, connection);
          shapeNewLink(tools, containerId, connection);
        },
      },
    );
  }
  if (connections.length > 0) {
    steps.push({
      name: "set the default routes",
      point: "setUp:routes",
      run: () => (kept === undefined ? addDefaultRoutes : setDefaultRoutes)(inside, state.gateways),
    });
  }
  return steps;
}

function record({ store }: SandboxTools, { state, bindings, dns }: SandboxPlan, ports: readonly PublishedPort[]): void {
  const { containerId, namespacePath, connections } = state;
  store.transaction(() => {
    store.saveSandbox({ containerId, namespacePath, bindings, dns, kept: false });
    store.addPorts(containerId, ports);
    for (const { endpointId, interfaceName } of connections) store.setInterfaceName(endpointId, interfaceName);
  });
}

function unrecord({ store }: SandboxTools, { state, kept }: SandboxPlan, added: readonly Connection[]): void {
  const { containerId } = state;
  if (kept === undefined) {
    store.removeSandbox(containerId);
    return;
  }
  store.transaction(() => {
    store.removePorts(containerId, store.portsOf(containerId));
    store.saveSandbox(kept);
    for (const { endpointId } of added) store.setInterfaceName(endpointId, undefined);
  });
}

/** Names, which take the data plane. @throws when they cannot be served */
export async function completeSandbox(tools: SandboxTools, state: SandboxState): Promise<void> {
  putNames(tools, state.containerId, true);
  await serveNames(tools, state);
  tools.step("setUp:names");
}

/** Starting more proxies than these takes the time of a core that the container's own start needs. */
const FEW_PROXIES = 16;

/**
 * Lets the ports lead into the sandbox. Proxies are started meanwhile: their failures are logged. Many of them wait for
 * {@link openLater}.
 * @throws when the rules cannot be written, or a proxy that alone carries a port cannot be started
 */
export async function openPorts(tools: SandboxTools, { state, ports }: Publication): Promise<void> {
  const [before, after] = [
    { state, ports: [] },
    { state, ports },
  ];
  const rules: Step = { name: "publish ports", point: "setUp:publish", run: () => changeRules(tools, before, after) };
  runSteps(`the sandbox of ${state.containerId}`, [rules], tools.logger, tools.step);
  // Nothing else carries these: one that is not there is a port that is not published.
  if (ports.some(isHostFirewalled)) await changeProxies(tools, before, after);
  else if (proxiesOf(tools, after).length <= FEW_PROXIES) startProxies(tools, before, after);
}

/** What {@link openPorts} left for when the container runs: the kernel carries these ports but for `[::1]`. */
export function openLater(tools: SandboxTools, { state, ports }: Publication): void {
  const [before, after] = [
    { state, ports: [] },
    { state, ports },
  ];
  if (ports.some(isHostFirewalled) || proxiesOf(tools, after).length <= FEW_PROXIES) return;
  startProxies(tools, before, after);
}

const isHostFirewalled = ({ policy }: PublishedPort): boolean => policy === "hostfw";

/**
 * Starts proxies without anybody waiting: the ports are held already, and what they lead to takes longer to start. A
 * failure is logged; the ports that need no proxy work all the same.
 */
export function startProxies(tools: SandboxTools, from: Publication, to: Publication): void {
  const { proxyStarts, logger, step } = tools;
  const { containerId } = to.state;
  const started = changeProxies(tools, from, to)
    .then(
      () => step("setUp:proxies"),
      (error: unknown) => {
        logger.error("A published port's proxy cannot be started.", {
          container: containerId,
          error: messageOf(error),
        });
      },
    )
    .finally(() => {
      if (proxyStarts.get(containerId) === started) proxyStarts.delete(containerId);
    });
  proxyStarts.set(containerId, started);
}
