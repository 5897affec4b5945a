/** One thing at a time for each key: a container that starts or ends, a layer that is unpacked. */

export class KeyedLock {
  readonly #last = new Map<string, Promise<void>>();

  /** Runs `body` after all that were asked for earlier under the same key. What one throws is no matter to the next. */
  async run<T>(key: string, body: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const result = before.then(body);
    const done = result.then(
      () => {},
      () => {},
    );
    this.#last.set(key, done);
    try {
      return await result;
    } finally {
      if (this.#last.get(key) === done) this.#last.delete(key);
    }
  }

  /** Resolves when nothing runs under any key. */
  async idle(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values());
  }
}
