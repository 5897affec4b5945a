/** Those who wait for a container to end or to be removed. */

/** `standstill` is ctr's own, inside the engine: an end after which no restart policy starts it again. */
export type WaitCondition = "not-running" | "next-exit" | "removed" | "standstill";

export interface WaitResult {
  readonly exitCode: number;
  readonly error?: string;
}

interface Waiter {
  readonly condition: WaitCondition;
  readonly resolve: (result: WaitResult) => void;
}

export class Waiters {
  readonly #waiters = new Map<string, Waiter[]>();

  /** @param signal ends the waiting; the promise then stays pending */
  wait(id: string, condition: WaitCondition, signal?: AbortSignal): Promise<WaitResult> {
    return new Promise((resolve) => {
      const waiter: Waiter = { condition, resolve };
      this.#waiters.set(id, [...(this.#waiters.get(id) ?? []), waiter]);
      signal?.addEventListener("abort", () => this.#leave(id, waiter), { once: true });
    });
  }

  /**
   * The container has ended and is torn down.
   * @param restarts its restart policy starts it again. For clients that is an end as any other, as in Docker
   */
  exited(id: string, result: WaitResult, restarts: boolean): void {
    const rest: Waiter[] = [];
    for (const waiter of this.#waiters.get(id) ?? []) {
      const waits = waiter.condition === "removed" || (restarts && waiter.condition === "standstill");
      if (waits) rest.push(waiter);
      else waiter.resolve(result);
    }
    if (rest.length > 0) this.#waiters.set(id, rest);
    else this.#waiters.delete(id);
  }

  #leave(id: string, waiter: Waiter): void {
    const rest = (this.#waiters.get(id) ?? []).filter((other) => other !== waiter);
    if (rest.length > 0) this.#waiters.set(id, rest);
    else this.#waiters.delete(id);
  }

  /** The container is no more: nothing else can happen to it. */
  removed(id: string, result: WaitResult): void {
    for (const waiter of this.#waiters.get(id) ?? []) waiter.resolve(result);
    this.#waiters.delete(id);
  }
}
