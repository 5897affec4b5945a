/** The keys that detach a client from a terminal: `ctrl-p,ctrl-q` unless the client names others. */
import { invalid } from "../../../lib/errors.ts";

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
    if (control === undefined)
      throw invalid(`invalid detach keys provided: unknown character: '${key}'`, "CTR_DETACH_KEYS");
    return control.toUpperCase().charCodeAt(0) & 0x1f;
  });
}

/** Watches a client's input for the detach keys, which may come in pieces. */
export class DetachScanner {
  readonly #keys: readonly number[];
  #matched = 0;

  constructor(keys: readonly number[]) {
    this.#keys = keys;
  }

  /**
   * @returns what is to be passed on, and whether the keys are complete. Keys that may be the beginning of the sequence
   * are held back until it is known.
   */
  scan(data: Buffer): { readonly pass: Buffer; readonly detach: boolean } {
    if (this.#matched === 0 && !data.includes(this.#keys[0] ?? 0)) return { pass: data, detach: false };
    const pass: number[] = [];
    for (const byte of data) {
      if (byte === this.#keys[this.#matched]) {
        this.#matched++;
        if (this.#matched === this.#keys.length) return { pass: Buffer.from(pass), detach: true };
        continue;
      }
      pass.push(...this.#keys.slice(0, this.#matched));
      this.#matched = byte === this.#keys[0] ? 1 : 0;
      if (this.#matched === 0) pass.push(byte);
    }
    return { pass: Buffer.from(pass), detach: false };
  }
}
