/** Which published ports a user means, and what is asked for once they are given up. Pure. */
import type { PortBinding, PortSelection, PublishedPort } from "../types.ts";

export const isSelected = (
  port: PublishedPort,
  { protocol, containerPort, hostIp, hostPort }: PortSelection,
): boolean =>
  port.hostPort !== 0 &&
  port.protocol === protocol &&
  port.containerPort === containerPort &&
  (hostIp === undefined || hostIp === "" || port.hostIp === hostIp) &&
  (hostPort === undefined || hostPort === 0 || port.hostPort === hostPort);

/**
 * The ports to give up. Those of a routed network have neither address nor port of the host that a user could mean: they go
 * with the last binding of their container port.
 * @param rest what is asked for from now on, see {@link withoutPorts}
 */
export const portsToGo = (
  ports: readonly PublishedPort[],
  rest: readonly PortBinding[],
  selections: readonly PortSelection[],
): PublishedPort[] =>
  ports.filter((port) =>
    port.hostPort === 0
      ? !rest.some((binding) => isSamePort(binding, port))
      : selections.some((selection) => isSelected(port, selection)),
  );

const isSamePort = (a: PortSelection, b: PortSelection): boolean =>
  a.protocol === b.protocol && a.containerPort === b.containerPort;

/**
 * What is asked for without the ports that go. A binding that stood for several ports is replaced by those that stay.
 * @param ports all in force
 */
export function withoutPorts(
  bindings: readonly PortBinding[],
  ports: readonly PublishedPort[],
  selections: readonly PortSelection[],
): PortBinding[] {
  const left = [...ports];
  return bindings.flatMap((binding) => {
    const own = left.filter((port) => standsFor(binding, port));
    for (const port of own) left.splice(left.indexOf(port), 1);
    const goes = (port: PublishedPort): boolean => selections.some((selection) => isSelected(port, selection));
    if (own.length === 0) return selections.some((selection) => means(selection, binding)) ? [] : binding;
    return own.some(goes) ? own.filter((port) => !goes(port)) : binding;
  });
}

function standsFor(binding: PortBinding, port: PublishedPort): boolean {
  const { hostPort: first, hostPortEnd: last = first, hostIp, policy } = binding;
  return (
    port.hostPort !== 0 &&
    port.protocol === binding.protocol &&
    port.containerPort === binding.containerPort &&
    (hostIp === "" || hostIp === port.hostIp) &&
    (policy === undefined || policy === "all" || policy === port.policy) &&
    (first === 0 || (port.hostPort >= first && port.hostPort <= last))
  );
}

/** A binding that is not in force. */
function means(selection: PortSelection, binding: PortBinding): boolean {
  const { hostIp = "", hostPort = 0 } = selection;
  return (
    selection.protocol === binding.protocol &&
    selection.containerPort === binding.containerPort &&
    (hostIp === "" || hostIp === binding.hostIp) &&
    (hostPort === 0 || hostPort === binding.hostPort)
  );
}
