/** What happens in the engine, as Docker's event stream tells it. */

export interface EngineEvent {
  readonly Type: "container" | "image" | "network" | "volume" | "daemon";
  /** `create`, `start`, `die`, `exec_start: sh -c …`, `pull` … */
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly scope: "local";
  /** Seconds since 1970. */
  readonly time: number;
  /** Nanoseconds since 1970; a number holds them to about 0.2 µs. */
  readonly timeNano: number;
}

export type EventListener = (event: EngineEvent) => void;

/** How many past events are kept for clients that ask for them, as Docker's 256. */
const KEPT = 256;

export class EventBus {
  readonly #listeners = new Set<EventListener>();
  readonly #past: EngineEvent[] = [];

  emit(type: EngineEvent["Type"], action: string, id: string, attributes: Readonly<Record<string, string>> = {}): void {
    const now = Date.now();
    const event: EngineEvent = {
      Type: type,
      Action: action,
      Actor: { ID: id, Attributes: attributes },
      scope: "local",
      time: Math.floor(now / 1000),
      timeNano: now * 1e6,
    };
    this.#past.push(event);
    if (this.#past.length > KEPT) this.#past.shift();
    for (const listener of this.#listeners) listener(event);
  }

  /** @returns the function that ends the subscription */
  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The last events, oldest first. */
  get past(): readonly EngineEvent[] {
    return [...this.#past];
  }
}
