/** The keys that leave a container's terminal and let the container go on. */
import { CliError } from "../errors.ts";

export const DEFAULT_DETACH_KEYS = "ctrl-p,ctrl-q";

/**
 * @param text comma separated: single characters, or `ctrl-` and a letter or one of `@ [ \ ] ^ _`
 * @returns the bytes a terminal sends for them
 * @throws {CliError} with Docker's text
 */
export function parseDetachKeys(text: string): readonly number[] {
  return text.split(",").map((key) => {
    if (key.length === 1) return key.charCodeAt(0);
    const control = /^ctrl-([a-z@[\\\]^_])$/i.exec(key)?.[1];
    if (control === undefined) throw new CliError(`invalid detach keys provided: Unknown character: '${key}'`);
    return control.toUpperCase().charCodeAt(0) - 64;
  });
}

/**
 * Looks for the keys in what is typed. The beginning of the sequence is held back until it is clear whether the rest
 * follows; when it does not, all of it goes to the container.
 */
export class DetachScanner {
  readonly #keys: readonly number[];
  #matched = 0;

  constructor(keys: readonly number[]) {
    this.#keys = keys;
  }

  /** @returns what the container gets, and whether the keys were complete: what follows them is dropped */
  scan(chunk: Buffer): { readonly data: Buffer; readonly detached: boolean } {
    const out: number[] = [];
    for (const byte of chunk) {
      if (byte === this.#keys[this.#matched]) {
        this.#matched++;
        if (this.#matched === this.#keys.length) return { data: Buffer.from(out), detached: true };
        continue;
      }
      out.push(...this.#keys.slice(0, this.#matched));
      this.#matched = byte === this.#keys[0] ? 1 : 0;
      if (this.#matched === 0) out.push(byte);
    }
    return { data: Buffer.from(out), detached: false };
  }
}
