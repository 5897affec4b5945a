/** All of the names: what the networks know, the sandboxes' servers, and the way to other servers. */
import { statSync } from "node:fs";
import { isIP } from "node:net";
import { hasCode, messageOf, notFound, systemFailure } from "../../lib/errors.ts";
import { enterNetworkNamespace } from "../namespace.ts";
import { answer } from "./answer.ts";
import { explain } from "./explain.ts";
import { Forwarder, type Resolved, type Route } from "./forwarder.ts";
import { NameServer } from "./name-server.ts";
import { SERVER_ADDRESS } from "./redirect.ts";
import type { NameExplanation, NameSource, NamesSandbox } from "./types.ts";
import { type Enter, Upstream } from "./upstream.ts";
import { type Found, View } from "./view.ts";
import { Zone } from "./zone.ts";

interface Served {
  readonly sandbox: NamesSandbox;
  readonly view: View;
  readonly route: Route;
}

/** The servers of one namespace, and what is answered there now. */
interface Seat extends Disposable {
  readonly namespace: number;
  readonly server: NameServer;
  readonly upstreams: Map<string, Upstream>;
  served: Served;
}

export class Resolver implements Disposable {
  readonly zone = new Zone();
  /** Seconds, see {@link DataPlaneSettings}. */
  ttl = 5;
  readonly #forwarder = new Forwarder();
  readonly #seats = new Map<string, Seat>();
  readonly #hostUpstreams = new Map<string, Upstream>();
  #queries = 0;

  get figures() {
    return { ...this.#forwarder.figures, queries: this.#queries, sandboxes: this.#seats.size, records: this.zone.size };
  }

  /** Ids of the containers that are served. */
  get containerIds(): string[] {
    return [...this.#seats.keys()];
  }

  /**
   * Serves a sandbox, or changes what it is told: its sockets stay open unless its namespace is another one.
   * @throws `system` (`CTR_NAMES_FAILED`); nothing is left of it then
   */
  serve(sandbox: NamesSandbox): void {
    const { containerId, namespacePath } = sandbox;
    try {
      const namespace = inodeOf(namespacePath);
      const seat = this.#seats.get(containerId);
      if (seat?.namespace === namespace) seat.served = this.#prepare(sandbox, seat.upstreams);
      else this.#sit(sandbox, namespace);
    } catch (error) {
      this.unserve(containerId);
      throw systemFailure(`cannot answer names in the network namespace of ${containerId}: ${messageOf(error)}`, {
        code: "CTR_NAMES_FAILED",
        cause: error,
      });
    }
  }

  /** Closes every socket in the sandbox's namespace. */
  unserve(containerId: string): void {
    const seat = this.#seats.get(containerId);
    this.#seats.delete(containerId);
    seat?.[Symbol.dispose]();
  }

  /** Lets go of namespaces that nobody knows any more: our sockets would keep them alive. */
  dropVanished(): void {
    for (const [containerId, { namespace, served }] of this.#seats) {
      if (inodeIfThere(served.sandbox.namespacePath) !== namespace) this.unserve(containerId);
    }
  }

  /** @throws `notFound` (`CTR_NAMES_NOT_SERVED`); `invalid` for a bad name or type */
  explain(containerId: string, name: string, type: string | undefined): Promise<NameExplanation> {
    const seat = this.#seats.get(containerId);
    if (seat === undefined) {
      throw notFound(`container ${containerId} has no name server of ctr`, {
        code: "CTR_NAMES_NOT_SERVED",
        hint: "only containers that run on a user-defined network have one: ctr network create, ctr run --network",
      });
    }
    return explain(name, type, seat.served.sandbox, (message) => this.#resolveForExplanation(seat.served, message));
  }

  [Symbol.dispose](): void {
    for (const containerId of this.containerIds) this.unserve(containerId);
    for (const upstream of this.#hostUpstreams.values()) upstream[Symbol.dispose]();
  }

  #sit(sandbox: NamesSandbox, namespace: number): void {
    const { containerId, namespacePath } = sandbox;
    this.unserve(containerId);
    const upstreams = new Map<string, Upstream>();
    const served = this.#prepare(sandbox, upstreams);
    const respond = (message: Buffer, overUdp: boolean) => this.#respond(seat.served, message, overUdp);
    const server = enterNetworkNamespace<NameServer>(namespacePath, () => NameServer.open(respond));
    const seat: Seat = {
      namespace,
      server,
      upstreams,
      served,
      [Symbol.dispose]: () => {
        server[Symbol.dispose]();
        for (const upstream of upstreams.values()) upstream[Symbol.dispose]();
        if (seat.served.route.from === "container") this.#forwarder.forgetScope(seat.served.route.scope);
      },
    };
    this.#seats.set(containerId, seat);
  }

  #prepare(sandbox: NamesSandbox, upstreams: Map<string, Upstream>): Served {
    return { sandbox, view: new View(this.zone, sandbox), route: this.#routeOf(sandbox, upstreams) };
  }

  #routeOf(sandbox: NamesSandbox, ofContainer: Map<string, Upstream>): Route {
    const { containerId, namespacePath, servers, serversFromHost, internalOnly } = sandbox;
    const from = serversFromHost ? "host" : "container";
    const enter: Enter = serversFromHost ? (body) => body() : (body) => enterNetworkNamespace(namespacePath, body);
    const upstreams = serversFromHost ? this.#hostUpstreams : ofContainer;
    // From inside the container 127.0.0.11 is this server itself; from the host it may be an outer engine's.
    const usable = servers.filter((server) => isPlainAddress(server) && (serversFromHost || server !== SERVER_ADDRESS));
    const isBarred = internalOnly && serversFromHost;
    return {
      scope: `${serversFromHost ? "host" : containerId} ${usable.join(",")}`,
      from,
      upstreams: isBarred ? [] : usable.map((address) => upstreamAt(upstreams, address, enter)),
      reason: isBarred ? "it is on internal networks only" : "it has no server to ask for other names",
      pending: 0,
    };
  }

  /** The hot path: it makes no promise for what is known here. */
  #respond(
    { view, route }: Served,
    message: Buffer,
    overUdp: boolean,
  ): Buffer | undefined | Promise<Buffer | undefined> {
    this.#queries++;
    const outcome = answer(message, view, { overUdp, ttl: this.ttl });
    if (outcome.kind === "reply") return outcome.message;
    if (outcome.kind === "drop") return undefined;
    // The message's memory is used again for the next one.
    const query = { ...outcome.query, message: Buffer.from(message) };
    const resolved = this.#forwarder.resolve(route, query, overUdp);
    return resolved instanceof Promise ? resolved.then(({ message: late }) => late) : resolved.message;
  }

  async #resolveForExplanation({ view, route }: Served, message: Buffer): Promise<Resolved> {
    const outcome = answer(message, view, { overUdp: false, ttl: this.ttl });
    if (outcome.kind === "forward") return this.#forwarder.resolve(route, outcome.query, false);
    if (outcome.kind === "drop") throw new TypeError("a question of ours was no question");
    return { message: outcome.message, source: sourceOf(outcome.source) };
  }
}

function sourceOf(found: Found | undefined): NameSource {
  if (found === undefined) return { kind: "none", reason: "the containers that have the name do not run" };
  const { network, entry } = found;
  return { kind: "names", networkId: network.id, networkName: network.name, containerIds: entry.containerIds };
}

const isPlainAddress = (text: string): boolean => isIP(text) !== 0 && !text.includes("%");

function upstreamAt(upstreams: Map<string, Upstream>, address: string, enter: Enter): Upstream {
  const known = upstreams.get(address);
  if (known !== undefined) return known;
  const upstream = new Upstream(address, enter);
  upstreams.set(address, upstream);
  return upstream;
}

/** A namespace's own number, which tells it from a later one on the same path. */
const inodeOf = (path: string): number => statSync(path).ino;

function inodeIfThere(path: string): number | undefined {
  try {
    return inodeOf(path);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
