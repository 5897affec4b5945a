/** The user's terminal: raw mode, size, and its way back to how it was. */
import { ReadStream } from "node:tty";

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

export const inputIsTerminal = (): boolean => process.stdin.isTTY === true;

/** The size of the terminal that output goes to; undefined when it goes elsewhere. */
export function terminalSize(): TerminalSize | undefined {
  const { isTTY, rows, columns } = process.stdout;
  return isTTY && rows > 0 && columns > 0 ? { rows, columns } : undefined;
}

/** Calls back at each change of the window's size. @returns stops that */
export function onResize(listener: () => void): () => void {
  process.stdout.on("resize", listener);
  return () => process.stdout.off("resize", listener);
}

/**
 * Puts the terminal in raw mode: keys go to the container as they are. However the process ends, the terminal is set
 * back; Node does so itself when a signal ends it.
 * @returns sets it back
 */
export function rawMode(): () => void {
  const input = process.stdin;
  if (!(input instanceof ReadStream)) return () => {};
  input.setRawMode(true);
  const restore = (): void => {
    if (input.isRaw) input.setRawMode(false);
  };
  process.once("exit", restore);
  return () => {
    process.off("exit", restore);
    restore();
  };
}
