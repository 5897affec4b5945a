/** Names: `web`, `build7.corp.example`. What one is stays the same everywhere. */

export class NameMapping {
  readonly #kept: ReadonlySet<string>;
  readonly #names = new Map<string, string>();

  /** @param kept stay as they are, in whatever case */
  constructor(kept: Iterable<string>) {
    this.#kept = new Set([...kept].map((name) => name.toLowerCase()));
  }

  /** @param kind what it is called by: `host` → `host-1` */
  map(name: string, kind: string): string {
    const key = name.toLowerCase();
    if (key === "" || this.#kept.has(key)) return name;
    let mapped = this.#names.get(key);
    if (mapped === undefined) {
      mapped = `${kind}-${this.#names.size + 1}`;
      this.#names.set(key, mapped);
    }
    return mapped;
  }
}
