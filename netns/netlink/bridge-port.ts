/** Bridges, and how they treat their ports. See bridge(8), and linux/if_link.h: IFLA_BR_*, IFLA_BRPORT_*. */
import { concat, nested, parseAttributes, readU32, text, u8, u32 } from "./codec.ts";
import {
  BridgeAttribute,
  BridgePortAttribute,
  LinkAttribute,
  LinkInfoAttribute,
  MessageType,
  PORT_FORWARDING,
  SKIP_STATISTICS,
} from "./constants.ts";
import { ifinfomsg } from "./link.ts";
import type { NetlinkSocket } from "./transport.ts";

const IFINFOMSG_LENGTH = 16;

/** How a bridge treats one of its ports. */
export interface BridgePortOptions {
  /**
   * The bridge may send a frame back through the port it came from. A container needs that to reach its own published
   * port where br_netfilter is on: the address is then translated while the frame is still in the bridge.
   */
  readonly hairpin?: boolean;
  /** The bridge sends nothing to other isolated ports. */
  readonly isolated?: boolean;
  /** The bridge takes note of who is behind the port. */
  readonly learning?: boolean;
  /** Frames for somebody whose port is not known go to this one as well. */
  readonly flood?: boolean;
  /** Frames for everybody, and for groups of which nobody has said that he is in them: questions for neighbours among them. */
  readonly broadcastFlood?: boolean;
  readonly multicastFlood?: boolean;
  /** False while the spanning tree protocol keeps the port closed. It can be opened only where that is off. */
  readonly forwarding?: boolean;
}

/**
 * @param name of a link that is a port of a bridge
 * @throws {NetlinkError}
 */
export function changeBridgePort(netlink: NetlinkSocket, name: string, options: BridgePortOptions): void {
  const flag = (attribute: number, value: boolean | undefined): Buffer | undefined =>
    value === undefined ? undefined : u8(attribute, value ? 1 : 0);
  const portData = nested(LinkInfoAttribute.portData, [
    options.forwarding === true ? u8(BridgePortAttribute.state, PORT_FORWARDING) : undefined,
    flag(BridgePortAttribute.hairpin, options.hairpin),
    flag(BridgePortAttribute.learning, options.learning),
    flag(BridgePortAttribute.flood, options.flood),
    flag(BridgePortAttribute.multicastFlood, options.multicastFlood),
    flag(BridgePortAttribute.broadcastFlood, options.broadcastFlood),
    flag(BridgePortAttribute.isolated, options.isolated),
  ]);
  const payload = concat([ifinfomsg(), text(LinkAttribute.name, name), nested(LinkAttribute.linkInfo, [portData])]);
  netlink.request(`set port options of ${name}`, MessageType.newLink, 0, payload);
}

/** @param name of a link that is a port of a bridge; a flag that the kernel does not have is off */
export function readBridgePort(netlink: NetlinkSocket, name: string): Required<BridgePortOptions> {
  const data = linkInfoOf(netlink, name).get(LinkInfoAttribute.portData);
  const attributes = data === undefined ? new Map<number, Buffer>() : parseAttributes(data);
  const isSet = (attribute: number): boolean => (attributes.get(attribute)?.[0] ?? 0) !== 0;
  return {
    forwarding: attributes.get(BridgePortAttribute.state)?.[0] === PORT_FORWARDING,
    hairpin: isSet(BridgePortAttribute.hairpin),
    learning: isSet(BridgePortAttribute.learning),
    flood: isSet(BridgePortAttribute.flood),
    multicastFlood: isSet(BridgePortAttribute.multicastFlood),
    broadcastFlood: isSet(BridgePortAttribute.broadcastFlood),
    isolated: isSet(BridgePortAttribute.isolated),
  };
}

/** Whether a bridge looks for loops, which keeps new ports closed for half a minute. */
export function hasSpanningTree(netlink: NetlinkSocket, bridge: string): boolean {
  const data = linkInfoOf(netlink, bridge).get(LinkInfoAttribute.data);
  return data !== undefined && (readU32(parseAttributes(data).get(BridgeAttribute.spanningTree)) ?? 0) !== 0;
}

/** @throws {NetlinkError} */
export function switchSpanningTreeOff(netlink: NetlinkSocket, bridge: string): void {
  const info = nested(LinkAttribute.linkInfo, [
    text(LinkInfoAttribute.kind, "bridge"),
    nested(LinkInfoAttribute.data, [u32(BridgeAttribute.spanningTree, 0)]),
  ]);
  const payload = concat([ifinfomsg(), text(LinkAttribute.name, bridge), info]);
  netlink.request(`switch the spanning tree of ${bridge} off`, MessageType.newLink, 0, payload);
}

/** @throws {NetlinkError} ENODEV */
function linkInfoOf(netlink: NetlinkSocket, name: string): ReturnType<typeof parseAttributes> {
  const request = concat([
    ifinfomsg(),
    text(LinkAttribute.name, name),
    u32(LinkAttribute.extendedMask, SKIP_STATISTICS),
  ]);
  const [answer] = netlink.request(`look at ${name}`, MessageType.getLink, 0, request);
  const info = answer === undefined ? undefined : parseAttributes(answer, IFINFOMSG_LENGTH).get(LinkAttribute.linkInfo);
  return info === undefined ? new Map() : parseAttributes(info);
}
