/** Under which address a place is dialled from another one, as a snapshot shows it. */
import { isIP } from "node:net";
import {
  type Endpoint,
  type FlowProtocol,
  HOST,
  type IntendedContainer,
  isDefaultRoute,
  type LinkState,
  type NamespaceState,
  OUTSIDE,
  type Place,
  type PublishedPort,
  type SnapshotView,
} from "../../netns/index.ts";

const LOOPBACKS = ["127.0.0.1", "::1"];

const familyOf = (address: string): number => isIP(address);
const isLinkLocal = (address: string): boolean => /^(fe[89ab]|169\.254\.)/i.test(address);
export const isLoopback = (address: string): boolean => address.startsWith("127.") || address === "::1";

export interface Holder {
  readonly container: IntendedContainer;
  readonly port: PublishedPort;
}

/** Who publishes a port of the host. */
export function publishersOf(view: SnapshotView, port: number, protocol: FlowProtocol): Holder[] {
  return view.snapshot.intent.containers.flatMap((container) =>
    container.ports
      .filter((one) => one.hostPort === port && one.protocol === protocol)
      .map((one) => ({ container, port: one })),
  );
}

/**
 * The addresses by which a place knows the host: its own loopback, a container's gateways, the uplinks' from outside. IPv4
 * first.
 */
export function hostAddressesFrom(view: SnapshotView, from: Place): string[] {
  if (from === HOST) return LOOPBACKS;
  if (from === OUTSIDE) return uplinkAddresses(view);
  const bridges = new Set(
    view
      .containersIn(from)
      .flatMap(({ endpoints }) => endpoints.map(({ networkId }) => networkId))
      .flatMap((id) => view.snapshot.intent.networks.find((network) => network.id === id)?.bridge ?? []),
  );
  const near = view.host.links.filter(({ name }) => bridges.has(name)).flatMap(usableAddresses);
  const far = uplinkAddresses(view).filter((address) => !near.some((one) => familyOf(one) === familyOf(address)));
  return onePerFamily([...preferred(view, from, near), ...far]);
}

/** The gateway of the default route before other bridges that it is on. */
function preferred(view: SnapshotView, from: Place, addresses: readonly string[]): string[] {
  const gateways = (view.namespace(from)?.routes ?? []).filter(isDefaultRoute).map(({ gateway }) => gateway);
  return addresses.toSorted((one, other) => Number(gateways.includes(other)) - Number(gateways.includes(one)));
}

/** The host's own addresses towards the outside: of the devices with a default route, else of any that is not ours. */
export function uplinkAddresses(view: SnapshotView): string[] {
  const { host, uplinks } = view;
  const others = host.links.filter((link) => !uplinks.includes(link) && isForeign(view, link));
  return onePerFamily([...uplinks, ...others].flatMap(usableAddresses));
}

const isForeign = (view: SnapshotView, { name, master }: LinkState): boolean =>
  name !== "lo" && view.networkOfBridge(name) === undefined && view.networkOfBridge(master ?? "") === undefined;

const usableAddresses = ({ addresses }: LinkState): string[] =>
  addresses.map(({ address }) => address).filter((address) => !isLinkLocal(address) && !isLoopback(address));

function onePerFamily(addresses: readonly string[]): string[] {
  return [4, 6].flatMap((family) => addresses.find((address) => familyOf(address) === family) ?? []);
}

/** Families in which a place has an address that it could send from, beside loopback and link-local ones. */
export function familiesOf(view: SnapshotView, place: Place): ReadonlySet<number> {
  const addresses =
    place === OUTSIDE
      ? uplinkAddresses(view)
      : (view.namespace(place)?.links ?? []).flatMap((link) => usableAddresses(link));
  return new Set(addresses.map(familyOf));
}

/**
 * The addresses by which one dials a container from a place: those on a network that both are on, else those of its first
 * network; loopback when it is the same place. IPv4 first.
 */
export function containerAddressesFrom(view: SnapshotView, from: Place, container: IntendedContainer): string[] {
  if (container.networkMode === "host") return hostAddressesFrom(view, from);
  const owner = view.snapshot.intent.containers.find(({ id }) => id === container.namespace) ?? container;
  const own = new Set(view.containersIn(from).flatMap(({ endpoints }) => endpoints.map(({ networkId }) => networkId)));
  const shared = owner.endpoints.filter(({ networkId }) => own.has(networkId));
  const [endpoint] = shared.length > 0 ? shared : owner.endpoints.filter((one) => addressesOf(one).length > 0);
  if (endpoint === undefined) return container.namespace === from ? [...LOOPBACKS] : [];
  return addressesOf(endpoint);
}

const addressesOf = ({ address, address6 }: Endpoint): string[] => [address, address6].filter((one) => one !== "");

/** True when something there listens on the port for that family. */
export function listens(
  namespace: NamespaceState | undefined,
  family: number,
  port: number,
  protocol: string,
): boolean {
  return (namespace?.sockets ?? []).some(
    (socket) =>
      socket.port === port &&
      socket.protocol === protocol &&
      (socket.state === "listen" || socket.state === "unconnected") &&
      (socket.family === family || (family === 4 && socket.address === "::" && socket.v6Only !== true)),
  );
}
