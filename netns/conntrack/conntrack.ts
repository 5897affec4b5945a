import { networkInterfaces } from "node:os";
import { setTimeout as delay, setImmediate } from "node:timers/promises";
import { codeOf, messageOf } from "../../lib/errors.ts";
import { type Logger, silentLogger } from "../../lib/log.ts";
import { NETLINK_NETFILTER } from "../netlink/constants.ts";
import { NetlinkSocket } from "../netlink/transport.ts";
import type { PublishedPort } from "../types.ts";
import { ConntrackMessage } from "./constants.ts";
import { type ConntrackEntry, deletionOf, listRequest, parseEntry } from "./entry.ts";
import { StaleFlows } from "./stale-flows.ts";

/** What has come or gone. */
export interface StaleUdp {
  /** Only those of UDP matter. */
  readonly ports?: readonly Pick<PublishedPort, "protocol" | "hostIp" | "hostPort">[];
  /** Of containers, IPv4 or IPv6. */
  readonly addresses?: readonly string[];
}

interface Sockets {
  /** Busy while a list is read. */
  readonly list: NetlinkSocket;
  readonly change: NetlinkSocket;
}

/**
 * Milliseconds that the flows of addresses wait, so that one pass serves many containers that end. They do no harm: a
 * container that gets the address would get those packets in any case.
 */
const ADDRESSES_WAIT = 250;

/**
 * Connection tracking of the network namespace that it was opened in.
 *
 * The kernel looks a UDP flow up in the port maps only when its first packet comes; then it sends all packets the same way
 * until the flow has been silent for half a minute or more. A client that goes on sending would thus never reach the
 * container that a port belongs to now. Docker has this fault where host and container port differ (moby 53384).
 *
 * To find flows the kernel walks its whole table, 8 ms for the 262 144 buckets of an ordinary host, be they empty or not:
 * this is done on another thread, and once for all that was asked for meanwhile.
 */
export class Conntrack implements Disposable {
  readonly #sockets: Sockets | undefined;
  readonly #logger: Logger;
  #waiting = new StaleFlows();
  /** The pass to come, that all who ask now wait for; those of addresses alone may be put off until a port comes. */
  #next: Promise<number> | undefined;
  #hurry: () => void = () => {};
  #present: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(sockets: Sockets | undefined, logger: Logger) {
    this.#sockets = sockets;
    this.#logger = logger;
  }

  /** Where the kernel has no netfilter there are no flows to forget, and nothing is done. */
  static open({ logger = silentLogger }: { readonly logger?: Logger } = {}): Conntrack {
    try {
      const list = NetlinkSocket.open(NETLINK_NETFILTER);
      return new Conntrack({ list, change: NetlinkSocket.open(NETLINK_NETFILTER) }, logger);
    } catch (error) {
      logger.debug("Connection tracking cannot be reached.", { error: messageOf(error) });
      return new Conntrack(undefined, logger);
    }
  }

  /**
   * Makes the kernel forget UDP flows to host ports, and those from and to containers' addresses. Call it when the rules
   * have changed: after `publish` and `unpublish`, and when a container has given up its address.
   * @returns how many were forgotten, with those that others asked for meanwhile. Never rejects: failures are logged, a
   *   stale flow is no reason not to start a container
   */
  deleteStaleUdp({ ports = [], addresses = [] }: StaleUdp): Promise<number> {
    const hasPorts = this.#waiting.addPorts(ports);
    const hasAddresses = this.#waiting.addAddresses(addresses);
    if (this.#sockets === undefined || this.#closed || !(hasPorts || hasAddresses)) return Promise.resolve(0);
    this.#next ??= this.#pass(this.#sockets);
    if (hasPorts) this.#hurry();
    return this.#next;
  }

  /** UDP flows to ports of this host, as the kernel has them now. @throws {NetlinkError} */
  async flowsTo(ports: NonNullable<StaleUdp["ports"]>): Promise<ConntrackEntry[]> {
    const flows = new StaleFlows();
    if (!flows.addPorts(ports) || this.#sockets === undefined || this.#closed) return [];
    await this.settled();
    const listing = list(this.#sockets, flows);
    this.#present = listing.catch(() => {});
    return (await listing).map(({ entry }) => entry);
  }

  /** Resolves when everything that was asked for is done; what waits is done at once. */
  async settled(): Promise<void> {
    this.#hurry();
    await (this.#next ?? this.#present);
  }

  /** A pass that is under way ends first. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#hurry();
    void this.#present.then(() => {
      this.#sockets?.list[Symbol.dispose]();
      this.#sockets?.change[Symbol.dispose]();
    });
  }

  async #pass(sockets: Sockets): Promise<number> {
    await this.#turn();
    const flows = this.#waiting;
    this.#waiting = new StaleFlows();
    this.#next = undefined;
    if (this.#closed) return 0;
    const pass = this.#forget(sockets, flows);
    this.#present = pass;
    return pass;
  }

  /** Waits for others that may ask, and for the pass before. */
  async #turn(): Promise<void> {
    const hurry = new AbortController();
    this.#hurry = () => hurry.abort();
    await delay(ADDRESSES_WAIT, undefined, { signal: hurry.signal, ref: false }).catch(() => setImmediate());
    await this.#present;
  }

  async #forget(sockets: Sockets, flows: StaleFlows): Promise<number> {
    try {
      const found = await list(sockets, flows);
      return found.filter(({ payload, entry }) => forget(sockets.change, payload, entry)).length;
    } catch (error) {
      this.#logger.warn("Stale UDP flows could not be removed.", { error: messageOf(error) });
      return 0;
    }
  }
}

interface Listed {
  readonly payload: Buffer;
  readonly entry: ConntrackEntry;
}

/** The memory of an answer is used again for the next one. */
async function list({ list: socket }: Sockets, flows: StaleFlows): Promise<Listed[]> {
  const found: Listed[] = [];
  const isLocal = localAddresses();
  for (const filter of flows.filters()) {
    const answers = socket.dumpInBackground("list UDP flows", ConntrackMessage.get, listRequest(filter));
    for await (const payload of answers) {
      const entry = parseEntry(payload);
      if (entry !== undefined && flows.has(entry, isLocal)) found.push({ payload: Buffer.from(payload), entry });
    }
  }
  return found;
}

/** @returns false when it is gone already */
function forget(netlink: NetlinkSocket, payload: Buffer, { destinationPort }: ConntrackEntry): boolean {
  try {
    netlink.request(`forget a UDP flow to port ${destinationPort}`, ConntrackMessage.delete, 0, deletionOf(payload));
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

/**
 * The host's own addresses. A flow that merely passes, such as a container's question to a name server elsewhere, has the
 * same port and is not to be broken off. They are looked up when the first flow is found.
 */
function localAddresses(): () => readonly string[] {
  let local: string[] | undefined;
  return () => {
    local ??= Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
    return local;
  };
}
