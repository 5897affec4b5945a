/** The ports of a sandbox that has come up: taken from the host, recorded, and led into it. */
import { messageOf } from "../../lib/errors.ts";
import { runSteps } from "../steps.ts";
import type { PortBinding, PublishedPort } from "../types.ts";
import {
  bindingsInForce,
  changeProxies,
  changeRules,
  matchPorts,
  type Publication,
  proxiesOf,
  reservePorts,
} from "./ports.ts";
import type { SandboxState, SandboxTools } from "./types.ts";

/** Starting more proxies than these takes the time of a core that the container's own start needs. */
const FEW_PROXIES = 16;

/**
 * Takes the ports, whole or nothing, and lets them lead into the sandbox. Proxies are started meanwhile: their failures
 * are logged. Many of them wait for {@link openLater}.
 * @param bindings all that are asked for; those that a repair has taken meanwhile stay
 * @returns the ports in force
 * @throws Docker's texts for ports that are taken; when the rules cannot be written, or a proxy that alone carries a port
 *   cannot be started
 */
export async function openPorts(
  tools: SandboxTools,
  state: SandboxState,
  bindings: readonly PortBinding[],
): Promise<readonly PublishedPort[]> {
  const before: Publication = { state, ports: [] };
  const after: Publication = { state, ports: takePorts(tools, state, bindings) };
  // Nothing else carries these: one that is not there is a port that is not published.
  if (after.ports.some(isHostFirewalled)) await changeProxies(tools, before, after);
  else if (proxiesOf(tools, after).length <= FEW_PROXIES) startProxies(tools, before, after);
  return after.ports;
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

/** @returns all that are in force then */
function takePorts(tools: SandboxTools, state: SandboxState, bindings: readonly PortBinding[]): PublishedPort[] {
  const { store, hostPorts, logger, step } = tools;
  const { containerId } = state;
  const { kept, missing } = matchPorts(store.portsOf(containerId), bindingsInForce(tools, state, bindings));
  let taken: PublishedPort[] = [];
  const all = () => [...kept, ...taken];
  runSteps(
    `the ports of ${state.containerName}`,
    [
      {
        name: "reserve host ports",
        point: "setUp:ports",
        run: () => {
          taken = reservePorts(tools, state, missing);
        },
        undo: () => hostPorts.release(containerId, taken),
      },
      {
        name: "record the ports",
        run: () => store.addPorts(containerId, taken),
        undo: () => store.removePorts(containerId, taken),
      },
      {
        name: "publish ports",
        point: "setUp:publish",
        run: () => changeRules(tools, { state, ports: [] }, { state, ports: all() }),
      },
    ],
    logger,
    step,
  );
  return all();
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
