/** Pictures that are drawn over each other at the top of the terminal, without flicker. */

const HOME = "\x1b[H";
const CLEAR = "\x1b[2J";
const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";

export interface Window {
  readonly rows?: number;
  readonly columns?: number;
}

interface LiveOutput extends Window {
  write(text: string): unknown;
}

/** Lines over what was drawn before: each is cleared behind its text, and what is left is cleared below. */
export function drawOver(lines: readonly string[], { rows = 24, columns = 80 }: Window): string {
  // A line that wraps, or one too many, would move everything up.
  const shown = lines.slice(0, rows).map((line) => `${[...line].slice(0, columns).join("")}${CLEAR_LINE}`);
  return `${HOME}${shown.join("\r\n")}${CLEAR_BELOW}`;
}

/** A text that changes. The cursor stays below it, where the shell goes on afterwards. */
export class LiveText {
  readonly #output: LiveOutput;
  #isFirst = true;

  constructor(output: LiveOutput) {
    this.#output = output;
  }

  /** @param text lines that end with a newline */
  draw(text: string): void {
    const lines = text.split("\n").slice(0, Math.max(1, (this.#output.rows ?? 24) - 1));
    this.#output.write(`${this.#isFirst ? CLEAR : ""}${drawOver([...lines.filter(Boolean), ""], this.#output)}`);
    this.#isFirst = false;
  }
}
