/** A flow to an address of the host: the ports that are published there, and what our table has of them. */
import { isLoopback } from "../../../ports/host-address.ts";
import { type OwnedPort, publishedPorts } from "../../intended.ts";
import { type Obstacle, obstaclesOf } from "../../obstacles.ts";
import { type RulesetElement, rulesetOf } from "../../ruleset.ts";
import type { SnapshotView } from "../../snapshot-view.ts";
import { type FlowContext, HOST, type IntendedContainer } from "../../types/index.ts";
import { placeOf, text } from "../facts.ts";
import { openListeners } from "../programs/listeners.ts";

/** Obstacles that say: the packet stayed on the host, where nobody takes it. */
export const strandedOnHost = (context: FlowContext): readonly Obstacle[] =>
  obstaclesOf(context).filter(
    (obstacle) =>
      obstacle.direction === "there" &&
      isOfHost(context.view, context.flow.destination) &&
      ((obstacle.kind === "not-translated" && text(obstacle, "kind") === "publish") ||
        ((obstacle.kind === "no-listener" || obstacle.kind === "listener-elsewhere") && placeOf(obstacle) === HOST)),
  );

export const isOfHost = ({ host }: SnapshotView, address: string): boolean =>
  isLoopback(address) || host.links.some(({ addresses }) => addresses.some((one) => one.address === address));

/** All that the store has for the flow's port, whatever its address and family. */
export const portsOfNumber = ({ snapshot, flow }: FlowContext): OwnedPort[] =>
  publishedPorts(snapshot).filter(
    ({ port }) => port.hostPort === flow.destinationPort && port.protocol === flow.protocol,
  );

/** Whether a port is published where the flow goes. */
export function servesFlow({ port }: OwnedPort, { flow }: FlowContext): boolean {
  if (port.hostIp.includes(":") !== (flow.family === 6)) return false;
  return port.hostIp === "0.0.0.0" || port.hostIp === "::" || port.hostIp === flow.destination;
}

export interface PortElement extends RulesetElement {
  readonly collection: string;
  /** Host address; empty for all. */
  readonly address: string;
}

/** What our table has for a port of the host. */
export function elementsOfPort(view: SnapshotView, family: 4 | 6, protocol: string, port: number): PortElement[] {
  const ruleset = rulesetOf(view.host);
  return [`hp${family}`, `hp${family}addr`].flatMap((collection) =>
    (ruleset?.elements("inet", "ctr", collection) ?? [])
      .filter(({ key }) => key.split(" . ").slice(-2).join(" ") === `${protocol} ${port}`)
      .map((element) => ({
        ...element,
        collection,
        address: collection.endsWith("addr") ? (element.key.split(" . ")[0] ?? "") : "",
      })),
  );
}

/** Containers that would have the flow's port of the host, if they ran. */
export const sleepersOf = ({ snapshot, flow }: FlowContext): IntendedContainer[] =>
  snapshot.intent.containers.filter(({ bindings = [] }) =>
    bindings.some(
      ({ protocol, hostPort, hostPortEnd = hostPort }) =>
        protocol === flow.protocol && flow.destinationPort >= hostPort && flow.destinationPort <= hostPortEnd,
    ),
  );

/** The container that is meant by a port of the host that leads nowhere: the user named it, or it alone uses that port. */
export function meantContainer(context: FlowContext): IntendedContainer | undefined {
  const { flow, snapshot, view } = context;
  const named = flow.to === undefined || flow.to === HOST ? undefined : view.container(flow.to);
  if (named !== undefined || portsOfNumber(context).length > 0) return named;
  const users = snapshot.intent.containers.filter((container) => {
    const namespace = container.namespace === container.id ? view.namespace(container.id) : undefined;
    const listens =
      namespace !== undefined &&
      openListeners(namespace, flow.protocol).some(({ port }) => port === flow.destinationPort);
    return container.running && (listens || container.exposed.includes(`${flow.destinationPort}/${flow.protocol}`));
  });
  return users.length === 1 ? users[0] : undefined;
}
