/** Which Docker CLI is here: Debian 12 has 20.10, whose texts are older than those that ctr follows. */
import { runCommand } from "../../lib/command.ts";

/** The first major version whose texts are those of today. */
export const TODAYS_DOCKER = 24;

/** @returns the CLI's major version, 0 where there is none */
export async function dockerVersion(): Promise<number> {
  const { stdout } = await runCommand(["docker", "--version"]).catch(() => ({ stdout: "" }));
  return Number(/version (\d+)/.exec(stdout)?.[1] ?? 0);
}
