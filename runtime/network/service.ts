/** Networks as the Engine API changes them: the network layer does it, the event stream tells it. */
import { CtrError } from "../../lib/errors.ts";
import { generateId } from "../../lib/ids.ts";
import type { Grant, Network, NetworkEngine, NetworkRequest } from "../../netns/index.ts";
import { isLinkGrant } from "../container/index.ts";
import type { EventBus } from "../events.ts";

export interface NetworkServiceOptions {
  readonly network: NetworkEngine;
  readonly events: EventBus;
}

export class NetworkService {
  readonly #network: NetworkEngine;
  readonly #events: EventBus;

  constructor({ network, events }: NetworkServiceOptions) {
    this.#network = network;
    this.#events = events;
    network.onEvent(({ action, id, attributes }) => events.emit("network", action, id, attributes));
  }

  /** @throws Docker's texts for what is wrong, taken or exhausted; nothing has changed then */
  async create(request: NetworkRequest): Promise<{ readonly network: Network; readonly warnings: readonly string[] }> {
    const created = await this.#network.createNetwork(request);
    this.#emit("create", created.network);
    return created;
  }

  /** @throws `notFound`, or `forbidden` for a predefined network and for one with endpoints */
  async remove(reference: string): Promise<void> {
    this.#emit("destroy", await this.#network.removeNetwork(reference));
  }

  /** Removes those of the networks that no running container is on. @returns their names */
  async prune(networks: readonly Network[]): Promise<string[]> {
    const removed: string[] = [];
    for (const { id, name } of networks) {
      try {
        await this.remove(id);
        removed.push(name);
      } catch (error) {
        if (!(error instanceof CtrError) || error.kind !== "forbidden") throw error;
      }
    }
    this.#events.emit("network", "prune", "", { reclaimed: "0" });
    return removed;
  }

  /** Lets two networks or containers that are apart reach each other. @returns the grant that holds it */
  allow(grant: Omit<Grant, "id">): Grant {
    const present = this.#sameAs(grant);
    if (present !== undefined) return present;
    const made = { ...grant, id: generateId() };
    this.#network.allow(made);
    return made;
  }

  /** Takes a grant back. @returns false when there is none like it */
  deny(grant: Omit<Grant, "id">): boolean {
    const present = this.#sameAs(grant);
    if (present !== undefined) this.#network.deny(present);
    return present !== undefined;
  }

  #sameAs({ from, to, protocol, port }: Omit<Grant, "id">): Grant | undefined {
    const key = [from.id, to.id, protocol, port].join(" ");
    return this.#network
      .grants()
      .find((held) => !isLinkGrant(held) && [held.from.id, held.to.id, held.protocol, held.port].join(" ") === key);
  }

  #emit(action: string, { id, name, driver }: Network): void {
    this.#events.emit("network", action, id, { name, type: driver });
  }
}
