/** The whole terminal for a picture that changes: its size, keys, and its way back to how it was. */
import { ReadStream } from "node:tty";
import { drawOver } from "../terminal/live.ts";
import { onResize, rawMode, terminalSize } from "../terminal/terminal.ts";
import type { Size } from "./panel.ts";

const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";
const INTERRUPT = "\x03";

/** An alternate screen: what stood on the terminal before is there again afterwards, however the process ends. */
export class Screen implements Disposable {
  readonly #undo: (() => void)[] = [];
  readonly #quit = new AbortController();

  /** @param redraw called when the window has another size */
  constructor(redraw: () => void) {
    process.stdout.write(ENTER);
    const leave = (): void => void process.stdout.write(LEAVE);
    process.once("exit", leave);
    const stop = (): void => this.#quit.abort();
    process.once("SIGTERM", stop);
    process.once("SIGINT", stop);
    this.#undo.push(
      () => process.off("SIGINT", stop),
      () => process.off("SIGTERM", stop),
      () => process.off("exit", leave),
      leave,
      onResize(redraw),
      this.#readKeys(),
    );
  }

  /** Aborted when the user has seen enough: q, Escape, Ctrl-C. */
  get quit(): AbortSignal {
    return this.#quit.signal;
  }

  get size(): Size {
    const { columns, rows } = terminalSize() ?? { columns: 80, rows: 24 };
    return { width: columns, height: rows };
  }

  /** Lines from the top; those that there is no room for are left away. */
  draw(lines: readonly string[]): void {
    const { width, height } = this.size;
    process.stdout.write(drawOver(lines, { columns: width, rows: height }));
  }

  #readKeys(): () => void {
    const input = process.stdin;
    if (!(input instanceof ReadStream)) return () => {};
    const restore = rawMode();
    const onData = (data: Buffer): void => {
      const key = data.toString();
      if (["q", "Q", INTERRUPT, "\x1b"].includes(key)) this.#quit.abort();
    };
    input.on("data", onData);
    return () => {
      input.off("data", onData);
      input.pause();
      restore();
    };
  }

  [Symbol.dispose](): void {
    for (const undo of this.#undo.splice(0).reverse()) undo();
  }
}
