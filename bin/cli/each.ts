/** Commands that do one thing to each of several objects. */
import { messageOf } from "../../lib/errors.ts";
import { CliError } from "./errors.ts";

/** What the work on a name returns when the name is not to be printed. */
export const UNPRINTED = Symbol("unprinted");

/** Engine-side work in flight at once. */
const AT_ONCE = 50;

/**
 * Does it to all, and prints the name of each that went well, in order. What failed is told at the end.
 * @throws {CliError} with all errors, a line each
 */
export async function forEachName(names: readonly string[], body: (name: string) => Promise<unknown>): Promise<void> {
  const errors: string[] = [];
  for (let start = 0; start < names.length; start += AT_ONCE) {
    const some = names.slice(start, start + AT_ONCE);
    const results = await Promise.allSettled(some.map(body));
    for (const [index, result] of results.entries()) {
      if (result.status === "rejected") errors.push(messageOf(result.reason));
      else if (result.value !== UNPRINTED) process.stdout.write(`${some[index]}\n`);
    }
  }
  if (errors.length > 0) throw new CliError(errors.join("\n"));
}
