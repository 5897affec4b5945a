/**
 * The kernel announces a new link's addresses once, as it comes up. A message may be lost, for example while a switch
 * still opens the port: it is said again, as Docker does. Nobody waits for that.
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
  readonly #logger: Logger;
  /** By endpoint. */
  readonly #pending = new Map<string, NodeJS.Timeout>();

  constructor({ logger }: { readonly logger: Logger }) {
    this.#logger = logger;
  }

  /**
   * Says again what the kernel has said of a link that came up now, as often as its network's options ask for.
   * @param namespacePath of the sandbox that the link is in
   */
  repeat(namespacePath: string, connection: Connection): void {
    const { count, interval } = announcementSettings(connection.network.options);
    this.#schedule(namespacePath, connection, count - 1, interval);
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

  #schedule(namespacePath: string, connection: Connection, left: number, interval: number): void {
    const { endpointId } = connection;
    if (left <= 0) {
      this.#pending.delete(endpointId);
      return;
    }
    const next = () => {
      const goesOn = this.#announce(namespacePath, connection);
      this.#schedule(namespacePath, connection, goesOn ? left - 1 : 0, interval);
    };
    this.#pending.set(endpointId, setTimeout(next, interval).unref());
  }

  /** @returns false when there is nothing to say any more */
  #announce(namespacePath: string, connection: Connection): boolean {
    try {
      return enterNetworkNamespace(namespacePath, () => announce(connection));
    } catch (error) {
      // The neighbours find out for themselves, later.
      const gone = hasCode(error, "ENOENT");
      if (!gone) this.#logger.warn("An address is not announced again.", { error: messageOf(error) });
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
