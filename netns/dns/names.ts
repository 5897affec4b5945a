/** The names of containers, as the engine sees them: what it puts here is what the data plane answers. */
import type { DataPlane } from "../dataplane/data-plane.ts";
import type { NameExplanation, NameRecord, NamesSandbox } from "./types.ts";

export interface NamesOptions {
  readonly dataPlane: DataPlane;
}

export class Names {
  readonly #dataPlane: DataPlane;

  private constructor(dataPlane: DataPlane) {
    this.#dataPlane = dataPlane;
  }

  static open({ dataPlane }: NamesOptions): Names {
    return new Names(dataPlane);
  }

  /**
   * Gives a sandbox its name server, or changes what an existing one answers; questions under way are not lost. What was
   * put before is in force when it resolves.
   * @throws `system` (`CTR_NAMES_FAILED`) when it cannot be made: nothing is left of it then
   */
  serve(sandbox: NamesSandbox): Promise<void> {
    return this.#dataPlane.serve(sandbox);
  }

  /**
   * Takes the name server away. Wait for it before the namespace is removed: open sockets keep a namespace alive.
   * Without complaint when there is none.
   */
  unserve(containerId: string): Promise<void> {
    return this.#dataPlane.unserve(containerId);
  }

  /** Adds or replaces what a network knows of a container. */
  put(record: NameRecord): void {
    this.#dataPlane.putName(record);
  }

  remove(networkId: string, containerId: string): void {
    this.#dataPlane.removeName(networkId, containerId);
  }

  /** Resolves when everything that was put and removed before is in force. */
  settled(): Promise<void> {
    return this.#dataPlane.settled();
  }

  /**
   * Asks as a program in the container would.
   * @param type `A`, `AAAA`, `PTR`, `MX`, … or a number; an address is asked for by PTR when no type is given, a name by A
   * @throws `notFound` (`CTR_NAMES_NOT_SERVED`) when the container has no name server; `invalid` for a bad name or type
   */
  explain(containerId: string, name: string, type?: string): Promise<NameExplanation> {
    return this.#dataPlane.explainName(containerId, name, type);
  }
}
