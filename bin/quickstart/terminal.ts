/** Progress on the screen: a line per step with its time, redrawn on a terminal, plain elsewhere. */
import { styleText } from "node:util";

const onTerminal = process.stdout.isTTY;

/** Runs one step and prints it with what it returned and the time it took. A result's `toString` is what is shown. */
export async function step<T>(title: string, body: () => Promise<T>): Promise<T> {
  if (onTerminal) process.stdout.write(`${styleText("cyan", "…")} ${title}`);
  const start = process.hrtime.bigint();
  try {
    const result = await body();
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    const note = typeof result === "string" ? `: ${result}` : "";
    print(styleText("green", "✔"), `${title}${note} ${styleText("dim", `(${seconds.toFixed(1)} s)`)}`);
    return result;
  } catch (error) {
    print(styleText("red", "✘"), title);
    throw error;
  }
}

function print(mark: string, text: string): void {
  process.stdout.write(`${onTerminal ? "\r\x1b[2K" : ""}${mark} ${text}\n`);
}

export const heading = (text: string): string => styleText("bold", text);
export const faint = (text: string): string => styleText("dim", text);
