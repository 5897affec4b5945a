/**
 * Neighbours of a container that has come are told at which hardware address its addresses are now, so that nobody goes
 * on sending to the one that had them before. A message may be lost: it is said again in the background, as Docker does.
 * The kernel's own announcement (arp_notify) is of no use here: it is sent before a bridge has opened the port.
 */
import { hasCode, messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { Connection } from "../drivers/index.ts";
import { enterNetworkNamespace } from "../namespace.ts";
import { findLink } from "../netlink/link.ts";
import { NetlinkSocket } from "../netlink/transport.ts";
import { announcementSettings } from "../networks/options.ts";
import { gratuitousArp, unsolicitedAdvertisement } from "./packets.ts";
import { sendPackets } from "./send.ts";

export class Announcements implements Disposable {
  readonly #netlink: NetlinkSocket;
  readonly #logger: Logger;
  /** By endpoint. */
  readonly #pending = new Map<string, NodeJS.Timeout>();

  /** @param netlink socket of the host's namespace */
  constructor({ netlink, logger }: { readonly netlink: NetlinkSocket; readonly logger: Logger }) {
    this.#netlink = netlink;
    this.#logger = logger;
  }

  /**
   * Announces the addresses of a link that came up now, once at once, and as often as its network's options ask for.
   * @param namespacePath of the sandbox that the link is in
   */
  begin(namespacePath: string, connection: Connection): void {
    const { hostInterface, network } = connection;
    const { count, interval } = announcementSettings(network.options);
    // Asked for a link, the kernel first does what is due of its carrier: the bridge opens the port.
    if (hostInterface !== undefined) findLink(this.#netlink, hostInterface);
    if (count > 0) this.#next(namespacePath, connection, count, interval);
  }

  /** For links that are about to go. */
  cancel(connections: readonly Connection[]): void {
    for (const { endpointId } of connections) {
      clearTimeout(this.#pending.get(endpointId));
      this.#pending.delete(endpointId);
    }
  }

  [Symbol.dispose](): void {
    for (const timer of this.#pending.values()) clearTimeout(timer);
    this.#pending.clear();
  }

  #next(namespacePath: string, connection: Connection, left: number, interval: number): void {
    const { endpointId } = connection;
    this.#pending.delete(endpointId);
    if (!this.#announce(namespacePath, connection) || left === 1) return;
    const again = () => this.#next(namespacePath, connection, left - 1, interval);
    this.#pending.set(endpointId, setTimeout(again, interval).unref());
  }

  /** @returns false when there is nothing to say any more */
  #announce(namespacePath: string, connection: Connection): boolean {
    try {
      return enterNetworkNamespace(namespacePath, () => announce(connection));
    } catch (error) {
      // The neighbours find out for themselves, later.
      const gone = hasCode(error, "ENOENT");
      if (!gone) this.#logger.warn("An address cannot be announced.", { error: messageOf(error) });
      return false;
    }
  }
}

/** In the link's namespace. @returns false for a link that is not as it was made, or that has no hardware address */
function announce({ interfaceName, macAddress, address4, address6 }: Connection): boolean {
  using inside = NetlinkSocket.open();
  const link = findLink(inside, interfaceName);
  if (!link?.up || !link.arp || (macAddress !== "" && link.macAddress !== macAddress)) return false;
  sendPackets(link.index, [
    ...(address4 === undefined ? [] : [gratuitousArp(link.macAddress, address4)]),
    ...(address6 === undefined ? [] : [unsolicitedAdvertisement(link.macAddress, address6)]),
  ]);
  return true;
}
