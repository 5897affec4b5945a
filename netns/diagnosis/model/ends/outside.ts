/** What lies beyond the uplinks: it sends to the host by the link that the address is on, and answers whom it can answer. */
import { lastOf, readAddress } from "../../../ipam/ip.ts";
import { settingsOf } from "../../../networks/options.ts";
import type { Network } from "../../../types.ts";
import { isDefaultRoute, MAIN_TABLE } from "../../routing-tables.ts";
import type { LinkState } from "../../types/index.ts";
import { death } from "../deaths.ts";
import { isWithin } from "../fib/prefixes.ts";
import { attachmentOf } from "../link/path.ts";
import type { NamespaceModel } from "../namespace.ts";
import { addressText, isLinkLocal, isLoopback } from "../packet.ts";
import { end, note, suspect, type Trip } from "../trip.ts";
import type { Port } from "../world.ts";

/** By which link of the host packets from outside come in. */
export function findEntrance(trip: Trip, host: NamespaceModel): Port | undefined {
  const { family, destination } = trip.packet;
  const holder = host.linkWith(family, destination);
  const leads = (link: LinkState | undefined): link is LinkState => link !== undefined && leadsOut(trip, host, link);
  const direct = leads(holder) ? holder : undefined;
  const link =
    direct ??
    [defaultLink(host, family), defaultLink(host, family === 4 ? 6 : 4)].find(leads) ??
    host.state.links.find(leads);
  return link && { namespace: host, link };
}

/** A link to the world, and not to a container or a bridge of ours. */
function leadsOut({ world }: Trip, host: NamespaceModel, link: LinkState): boolean {
  if (link.name === "lo" || link.master !== undefined || link.kind === "ifb") return false;
  if (world.view.networkOfBridge(link.name) !== undefined) return false;
  const attachment = attachmentOf(world, { namespace: host, link });
  if (attachment.kind !== "bridge") return attachment.kind === "beyond";
  return host.ports(link.name).some((port) => attachmentOf(world, { namespace: host, link: port }).kind === "beyond");
}

function defaultLink(host: NamespaceModel, family: 4 | 6): LinkState | undefined {
  const route = host.state.routes.find(
    (each) => each.family === family && each.table === MAIN_TABLE && isDefaultRoute(each),
  );
  return host.link(route?.device);
}

/** An address that somebody on that link may have: a known neighbour's, else one of the subnet. */
export function chooseOutsider({ namespace, link }: Port, family: 4 | 6): bigint | undefined {
  const subnet = namespace
    .addressesOf(link)
    .find((own) => own.family === family && own.state === "ready" && !isLinkLocal(family, own.value));
  const known = namespace.state.neighbours
    .filter((each) => each.family === family && each.device === link.name && each.mac !== undefined)
    .flatMap(({ address }) => readAddress(address) ?? [])
    .find(({ value }) => subnet === undefined || isWithin({ ...subnet, address: subnet.value }, value));
  if (known !== undefined) return known.value;
  if (subnet === undefined) return undefined;
  const cidr = { family, address: subnet.value, prefixLength: subnet.prefixLength };
  const next = subnet.value + 1n;
  return isWithin(cidr, next) && next !== lastOf(cidr) ? next : subnet.value - 1n;
}

/** Whether an answer finds its way from outside to the packet's source. @returns by which link it comes in */
export function answerFromOutside(trip: Trip, left: Port): Port {
  const { packet, world } = trip;
  const { namespace, link } = left;
  const { key: place } = namespace;
  const address = addressText(packet.family, packet.source);
  const owner = namespace.linkWith(packet.family, packet.source);
  const isInner = owner !== undefined && owner !== link && world.view.networkOfBridge(owner.name) !== undefined;
  note(trip, { place, stage: "link", device: link.name, text: `leaves by ${link.name}, with the source ${address}` });
  checkLeaving(trip, left);
  if (owner !== undefined && !isInner) {
    const enters = leadsOut(trip, namespace, owner) ? owner : link;
    return { namespace, link: enters };
  }
  const network = world.view.networkOfAddress(address);
  if (isInner && !hasAddress(namespace, link, packet.family)) {
    end(trip, {
      place,
      stage: "translation",
      device: link.name,
      text: `leaves by ${link.name} with ${address} of ${owner.name}, since ${link.name} has no address of its own`,
      evidence: [`ip address show dev ${link.name}: none of IPv${packet.family}`],
      death: death("translated-astray", {
        place,
        address,
        port: 0,
        side: "source",
        bare: link.name,
        device: link.name,
      }),
    });
    return left;
  }
  if (network !== undefined && !translates(network, packet.family)) {
    trip.journey.doubt(`whether the outside has a route to ${address}: the network ${network.name} does not translate`);
  } else if (network !== undefined || isPrivate(packet.family, packet.source)) {
    end(trip, {
      place,
      stage: "translation",
      device: link.name,
      text: `leaves by ${link.name} with the container's own address ${address}: nobody outside can answer`,
      evidence: ["no rule of a nat chain at postrouting translates it"],
      death: death("not-translated", { kind: "masquerade", place, address, device: link.name }),
    });
  } else {
    const step = {
      place,
      stage: "translation",
      device: link.name,
      text: `leaves by ${link.name} with the source ${address}, which no link of this host has`,
      evidence: [`ip address show to ${address}: none`],
      death: death("translated-astray", { place, address, port: 0, side: "source", device: link.name }),
    } as const;
    suspect(trip, step, `whether ${address} leads back to this host: none of its links has it`);
  }
  return left;
}

const hasAddress = (namespace: NamespaceModel, link: LinkState, family: 4 | 6): boolean =>
  namespace.addressesOf(link).some((own) => own.family === family && !isLinkLocal(family, own.value));

/** What is for somebody here should not leave. */
function checkLeaving(trip: Trip, { namespace, link }: Port): void {
  const { packet, world } = trip;
  const { key: place } = namespace;
  const destination = addressText(packet.family, packet.destination);
  const network = world.view.networkOfAddress(destination);
  const [holder] = world.holdersOf(destination);
  if (network === undefined && holder === undefined) return;
  const attachment = holder && attachmentOf(world, holder);
  const bridge = attachment?.kind === "bridge" ? attachment.bridge.name : undefined;
  const expectedDevice = network?.bridge ?? bridge;
  end(trip, {
    place,
    stage: "route",
    device: link.name,
    text: `${destination} is not outside, but the packet leaves by ${link.name}`,
    evidence: [`ip route get ${destination}`],
    death: death("misrouted", { place, device: link.name, expectedDevice, destination }),
  });
}

function translates(network: Network, family: 4 | 6): boolean {
  const { masquerade, gatewayMode4, gatewayMode6, snat4, snat6 } = settingsOf(network);
  const mode = family === 4 ? gatewayMode4 : gatewayMode6;
  return (masquerade || (family === 4 ? snat4 : snat6) !== undefined) && (mode === "nat" || mode === "nat-unprotected");
}

/** RFC 1918, 6598, 4193, and addresses of a link or a host alone. */
function isPrivate(family: 4 | 6, value: bigint): boolean {
  if (isLoopback(family, value) || isLinkLocal(family, value)) return true;
  if (family === 6) return value >> 121n === 0x7en;
  return value >> 24n === 10n || value >> 20n === 0xac1n || value >> 16n === 0xc0a8n || value >> 22n === 0x191n;
}
