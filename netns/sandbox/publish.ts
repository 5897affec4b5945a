/** Ports of a sandbox that is up are published and given up. */
import { teardown } from "../../lib/teardown.ts";
import { runSteps } from "../steps.ts";
import type { SandboxRecord } from "../store/index.ts";
import type { PortBinding, PublishedPort } from "../types.ts";
import { bindingsInForce, changeProxies, changeRules, type Publication, reservePorts } from "./ports.ts";
import type { SandboxState, SandboxTools } from "./types.ts";

/**
 * Publishes further ports of a container.
 * @returns those that came into force: none while no network leads out
 * @throws Docker's texts for ports that are taken, and for a proxy that cannot start; nothing has changed then
 */
export async function publishLive(
  tools: SandboxTools,
  record: SandboxRecord,
  state: SandboxState,
  bindings: readonly PortBinding[],
): Promise<PublishedPort[]> {
  const { store, hostPorts, logger, step } = tools;
  const { containerId } = state;
  await tools.proxyStarts.get(containerId);
  const present = store.portsOf(containerId);
  const wanted = bindingsInForce(tools, state, bindings);
  let added: PublishedPort[] = [];
  const from: Publication = { state, ports: present };
  const to = (): Publication => ({ state, ports: [...present, ...added] });
  runSteps(
    `the ports of ${state.containerName}`,
    [
      {
        name: "reserve host ports",
        point: "publish:reserve",
        run: () => {
          added = reservePorts(tools, state, wanted);
        },
        undo: () => hostPorts.release(containerId, added),
      },
      {
        name: "record the ports",
        point: "publish:record",
        run: () =>
          store.transaction(() => {
            store.addPorts(containerId, added);
            store.setBindings(containerId, [...record.bindings, ...bindings]);
          }),
        undo: () =>
          store.transaction(() => {
            store.removePorts(containerId, added);
            store.setBindings(containerId, record.bindings);
          }),
      },
      { name: "publish ports", point: "publish:rules", run: () => changeRules(tools, from, to()) },
    ],
    logger,
    step,
  );
  try {
    await changeProxies(tools, from, to());
  } catch (error) {
    await unpublishLive(tools, state, added, record.bindings);
    throw error;
  }
  return added;
}

/**
 * Gives published ports up.
 * @param gone ports in force that are to go
 * @param bindings what is asked for from now on
 * @throws `system` with a list of what failed
 */
export async function unpublishLive(
  tools: SandboxTools,
  state: SandboxState,
  gone: readonly PublishedPort[],
  bindings: readonly PortBinding[],
): Promise<void> {
  const { store, hostPorts, step } = tools;
  const { containerId } = state;
  await tools.proxyStarts.get(containerId);
  const present = store.portsOf(containerId);
  const key = ({ protocol, hostIp, hostPort, containerPort }: PublishedPort): string =>
    `${protocol} ${hostIp} ${hostPort || `routed ${containerPort}`}`;
  const keys = new Set(gone.map(key));
  const from: Publication = { state, ports: present };
  const to: Publication = { state, ports: present.filter((port) => !keys.has(key(port))) };
  // First of all, so that an engine that is killed in between does not open them again.
  store.transaction(() => {
    store.setBindings(containerId, bindings);
    store.removePorts(containerId, gone);
  });
  step("unpublish:record");
  await teardown(`ports of ${state.containerName}`, [
    {
      what: "port rules",
      run: () => {
        changeRules(tools, from, to);
        step("unpublish:rules");
      },
    },
    { what: "proxies", run: () => changeProxies(tools, from, to) },
    { what: "host ports", run: () => hostPorts.release(containerId, gone) },
  ]);
}
