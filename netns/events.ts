/** What happens to the network without anybody having asked for it, and who wants to know. */
import type { NetworkEvent } from "./types.ts";

export class NetworkEvents {
  readonly #listeners: ((event: NetworkEvent) => void)[] = [];

  add(listener: (event: NetworkEvent) => void): void {
    this.#listeners.push(listener);
  }

  emit(action: NetworkEvent["action"], attributes: Readonly<Record<string, string>>): void {
    for (const listener of this.#listeners) listener({ action, id: "", attributes });
  }
}
