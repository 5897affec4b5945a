/** Whether the user's own settings forbid a flow: then it is no fault that it fails. */
import { settingsOf } from "../networks/options.ts";
import type { Endpoint, Grant, GrantEnd, Network } from "../types.ts";
import type { SnapshotView } from "./snapshot-view.ts";
import { type Flow, HOST, type IntendedContainer, OUTSIDE } from "./types/index.ts";

export type Ban =
  /** Both are on networks that have none in common. */
  | { readonly kind: "apart"; readonly from: IntendedContainer; readonly to: IntendedContainer }
  | { readonly kind: "internal"; readonly container: IntendedContainer; readonly network: Network }
  | {
      readonly kind: "icc";
      readonly from: IntendedContainer;
      readonly to: IntendedContainer;
      readonly network: Network;
    }
  /** From elsewhere to a container, at a port that is not open. */
  | { readonly kind: "unpublished"; readonly container: IntendedContainer; readonly port: number }
  /** From elsewhere to an address of a network that no container has: nothing there is open. */
  | { readonly kind: "vacant"; readonly network: Network };

interface Target {
  readonly container: IntendedContainer;
  readonly endpoint: Endpoint;
  readonly network: Network;
}

/**
 * @param destination of the packet once it was translated; that of the flow when it was not
 * @returns undefined when nothing that was set forbids it
 */
export function banOf(view: SnapshotView, flow: Flow, destination = flow.destination): Ban | undefined {
  const target = targetOf(view, destination);
  const [from] = flow.from === HOST || flow.from === OUTSIDE ? [] : view.containersIn(flow.from);
  if (from === undefined) return target === undefined ? banOfVacant(view, flow) : banFromElsewhere(flow, target);
  if (target === undefined) return banOfVacant(view, flow, from) ?? banOnTheWayOut(view, flow, from, destination);
  if (target.container.id === from.id) return undefined;
  return banBetween(view, flow, from, target);
}

function targetOf(view: SnapshotView, destination: string): Target | undefined {
  for (const container of view.snapshot.intent.containers) {
    const endpoint = container.endpoints.find(
      ({ address, address6 }) => address === destination || address6 === destination,
    );
    const network = view.snapshot.intent.networks.find(({ id }) => id === endpoint?.networkId);
    if (endpoint !== undefined && network !== undefined) return { container, endpoint, network };
  }
  return undefined;
}

/** @param from when that is a container: those of the network itself may ask for any address of it */
function banOfVacant(
  view: SnapshotView,
  { from: sender, destination }: Flow,
  from?: IntendedContainer,
): Ban | undefined {
  const network = sender === HOST || isOfHost(view, destination) ? undefined : view.networkOfAddress(destination);
  if (network === undefined || targetOf(view, destination) !== undefined) return undefined;
  return from?.endpoints.some(({ networkId }) => networkId === network.id) ? undefined : { kind: "vacant", network };
}

/** The host reaches all containers by their bridges; others by what is open. */
function banFromElsewhere(flow: Flow, { container, network }: Target): Ban | undefined {
  if (flow.from === HOST || flow.destinationPort === 0) return undefined;
  const { gatewayMode4, gatewayMode6, trustedInterfaces } = settingsOf(network);
  const mode = flow.family === 4 ? gatewayMode4 : gatewayMode6;
  if (mode === "nat-unprotected") return undefined;
  const isPublished = container.ports.some(
    ({ containerPort, protocol }) => containerPort === flow.destinationPort && protocol === flow.protocol,
  );
  // A packet that was translated comes to a published port, however it is numbered outside.
  const isTranslated = container.ports.some(({ hostPort }) => hostPort === flow.destinationPort);
  if (isTranslated || (isPublished && (mode === "routed" || trustedInterfaces.length > 0))) return undefined;
  return { kind: "unpublished", container, port: flow.destinationPort };
}

/** Only what all networks of the container forbid is forbidden. */
function banOnTheWayOut(view: SnapshotView, flow: Flow, from: IntendedContainer, destination: string): Ban | undefined {
  if (isOfHost(view, destination) || view.networkOfAddress(destination) !== undefined) return undefined;
  const networks = networksOf(view, from);
  const [first] = networks;
  const leadsOut = from.endpoints.some(({ gateway, gateway6 }) => (flow.family === 4 ? gateway : gateway6) !== "");
  const allInternal = networks.every(({ internal }) => internal);
  return first === undefined || leadsOut || !allInternal
    ? undefined
    : { kind: "internal", container: from, network: first };
}

const isOfHost = (view: SnapshotView, address: string): boolean =>
  view.host.links.some(({ addresses }) => addresses.some((one) => one.address === address));

function banBetween(view: SnapshotView, flow: Flow, from: IntendedContainer, target: Target): Ban | undefined {
  const { container: to, network } = target;
  if (view.snapshot.intent.grants.some((grant) => permits(grant, flow, from, to))) return undefined;
  const isTogether = from.endpoints.some(({ networkId }) => networkId === network.id);
  if (isTogether) return settingsOf(network).icc ? undefined : { kind: "icc", from, to, network };
  if (cameByPublishedPort(flow, to)) return undefined;
  const internal = network.internal ? network : networksOf(view, from).find((one) => one.internal);
  if (internal !== undefined && networksOf(view, from).every((one) => one.internal || network.internal)) {
    return { kind: "internal", container: network.internal ? to : from, network: internal };
  }
  const { gatewayMode4, gatewayMode6 } = settingsOf(network);
  if ((flow.family === 4 ? gatewayMode4 : gatewayMode6) === "nat-unprotected") return undefined;
  return { kind: "apart", from, to };
}

/** It was sent to an address of the host, and led into the container from there. */
const cameByPublishedPort = (flow: Flow, { endpoints }: IntendedContainer): boolean =>
  !endpoints.some(({ address, address6 }) => address === flow.destination || address6 === flow.destination);

const networksOf = (view: SnapshotView, { endpoints }: IntendedContainer): Network[] =>
  endpoints.flatMap(({ networkId }) => view.snapshot.intent.networks.find(({ id }) => id === networkId) ?? []);

function permits(grant: Grant, flow: Flow, from: IntendedContainer, to: IntendedContainer): boolean {
  const fitsPort =
    grant.port === undefined || (grant.port === flow.destinationPort && (grant.protocol ?? "tcp") === flow.protocol);
  const forward = covers(grant.from, from) && covers(grant.to, to);
  const backward = grant.both && covers(grant.from, to) && covers(grant.to, from);
  return fitsPort && (forward || backward);
}

const covers = ({ kind, id }: GrantEnd, container: IntendedContainer): boolean =>
  kind === "container" ? container.id === id : container.endpoints.some(({ networkId }) => networkId === id);
