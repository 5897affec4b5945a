/** Nothing answers at the engine's address: start the engine where that is ours to do, else say what to do. */
import { hasCode, messageOf } from "../../../lib/errors.ts";
import { UnreachableError } from "../errors.ts";
import type { EngineAddress } from "./address.ts";

/**
 * Resolves once an engine listens.
 * @throws {UnreachableError} with the way out
 */
export async function helpUnreachable(address: EngineAddress, error: unknown): Promise<void> {
  if (hasCode(error, "EACCES", "EPERM")) {
    throw new UnreachableError(
      `permission denied while trying to connect to the ctr engine at ${address.text}\nRun it as root: sudo ctr …`,
    );
  }
  const root = process.getuid?.() === 0;
  if (address.kind === "unix" && !address.chosen && root) {
    const { startEngine } = await import("./start-engine.ts");
    return startEngine(address.path);
  }
  const why = hasCode(error, "ENOENT", "ECONNREFUSED") ? "" : ` (${messageOf(error)})`;
  throw new UnreachableError(
    `Cannot connect to the ctr engine at ${address.text}. Is it running?${why}\n${wayOut(address, root)}`,
  );
}

function wayOut(address: EngineAddress, root: boolean): string {
  if (!address.chosen) return "Start it as root: sudo ctrd (the first ctr that root runs starts it, too)";
  const variable = process.env["CTR_HOST"] ? "CTR_HOST" : "DOCKER_HOST";
  const source = process.env[variable] === address.text ? `${variable} names it` : "-H names it";
  return `${source}: start that engine with: ${root ? "" : "sudo "}ctrd -H ${address.text}`;
}
