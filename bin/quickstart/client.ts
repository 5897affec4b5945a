/** The `ctr` command as a user runs it. */
import { join } from "node:path";
import { CommandError, type CommandOptions, runCommand } from "../../lib/command.ts";

export const projectRoot: string = join(import.meta.dirname, "../..");
const program = join(projectRoot, "bin/ctr");

/** @returns what `ctr` printed, without the last newline. @throws with what it said on stderr */
export async function ctr(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  try {
    return (await runCommand([program, ...argv], options)).stdout.trimEnd();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new Error(`ctr ${argv.join(" ")}: ${error.result.stderr.trim() || error.message}`, { cause: error });
  }
}

/** What `ctr … --format json` says, one value per line. */
export async function ctrJson<T>(argv: readonly string[]): Promise<T[]> {
  const text = await ctr(argv);
  return text === "" ? [] : text.split("\n").map((line) => JSON.parse(line) as T);
}

/** One object as `ctr inspect` shows it, or undefined when there is none. */
export async function inspect<T>(type: "container" | "image", name: string): Promise<T | undefined> {
  const result = await runCommand([program, "inspect", "--type", type, name], { expect: [0, 1] });
  if (result.exitCode === 0) return (JSON.parse(result.stdout) as T[])[0];
  if (/no such/i.test(result.stderr)) return undefined;
  throw new Error(`ctr inspect ${name}: ${result.stderr.trim()}`);
}
