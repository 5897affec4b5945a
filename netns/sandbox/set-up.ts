/** A container's sandbox: the steps that make one. */
import type { Connection } from "../drivers/index.ts";
import { removeNamespace } from "../namespace.ts";
import type { NetlinkSocket } from "../netlink/transport.ts";
import { runSteps, type Step } from "../steps.ts";
import type { SandboxRecord } from "../store/index.ts";
import type { PortBinding, SandboxDns } from "../types.ts";
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
 * Makes a sandbox, whole or nothing, without awaiting anything: several at once do not get in each other's way. Its ports
 * are for {@link openPorts}.
 * @throws `conflict` and `system` errors
 */
export function setUpSandbox(tools: SandboxTools, plan: SandboxPlan): void {
  using inside = new DisposableStack();
  const { containerId, namespacePath } = plan.state;
  const added = newConnections(tools, plan);
  const steps = stepsOf(tools, plan, added, inside);
  const microseconds = runSteps(`the sandbox of ${containerId}`, steps, tools.logger, tools.step);
  if (namespacePath !== undefined) for (const link of added) tools.announcements.begin(namespacePath, link);
  tools.logger.debug("The sandbox is up.", { container: containerId, microseconds });
}

/** Those whose links are not there of a former run. */
function newConnections({ store }: SandboxTools, { state }: SandboxPlan): readonly Connection[] {
  const { containerId, connections } = state;
  const present = new Set(store.endpointsOfContainer(containerId).flatMap((endpoint) => endpoint.interfaceName ?? []));
  return connections.filter(({ interfaceName }) => !present.has(interfaceName));
}

function stepsOf(
  tools: SandboxTools,
  plan: SandboxPlan,
  added: readonly Connection[],
  resources: DisposableStack,
): Step[] {
  const { netlink } = tools;
  const { state, kept } = plan;
  const { containerId, namespacePath, connections } = state;
  const steps: Step[] = [
    {
      name: "record the sandbox",
      point: "setUp:record",
      run: () => record(tools, plan),
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

function record({ store }: SandboxTools, { state, bindings, dns }: SandboxPlan): void {
  const { containerId, namespacePath, connections } = state;
  store.transaction(() => {
    store.saveSandbox({ containerId, namespacePath, bindings, dns, kept: false });
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
