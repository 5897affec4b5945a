/** The keys that leave a container's terminal and let the container go on: `ctrl-p,ctrl-q` unless others are named. */
import { invalid } from "./errors.ts";

const DEFAULT_KEYS = "ctrl-p,ctrl-q";

/**
 * @param text comma separated: single characters, or `ctrl-` and a letter or one of `@ [ \ ] ^ _`
 * @returns the bytes that a terminal sends for them
 * @throws `invalid` with Docker's text
 */
export function parseDetachKeys(text = DEFAULT_KEYS): readonly number[] {
  return text.split(",").map((key) => {
    if (key.length === 1 && key.charCodeAt(0) < 128) return key.charCodeAt(0);
    const control = /^ctrl-([a-z@[\\\]^_])$/i.exec(key)?.[1];
    if (control === undefined) {
      throw invalid(`invalid detach keys provided: Unknown character: '${key}'`, "CTR_DETACH_KEYS");
    }
    return control.toUpperCase().charCodeAt(0) & 0x1f;
  });
}

/** Watches what is typed for the detach keys, which may come in pieces. */
export class DetachScanner {
  readonly #keys: readonly number[];
  #matched = 0;

  constructor(keys: readonly number[]) {
    this.#keys = keys;
  }

  /**
   * @returns what the container gets, and whether the keys were complete: what follows them is dropped. Keys that may be
   * the beginning of the sequence are held back until it is known.
   */
  scan(chunk: Buffer): { readonly data: Buffer; readonly detached: boolean } {
    if (this.#matched === 0 && !chunk.includes(this.#keys[0] ?? 0)) return { data: chunk, detached: false };
    const data: number[] = [];
    for (const byte of chunk) {
      if (byte === this.#keys[this.#matched]) {
        this.#matched++;
        if (this.#matched === this.#keys.length) return { data: Buffer.from(data), detached: true };
        continue;
      }
      data.push(...this.#keys.slice(0, this.#matched));
      this.#matched = byte === this.#keys[0] ? 1 : 0;
      if (this.#matched === 0) data.push(byte);
    }
    return { data: Buffer.from(data), detached: false };
  }
}
