/** Where the engine's state is, for what is done without the engine: the environment, `daemon.json`, the defaults. */
import { readFileSync } from "node:fs";
import { DEFAULT_CONFIG_FILE, DEFAULT_DATA_ROOT, DEFAULT_EXEC_ROOT } from "../../../lib/default-places.ts";
import { hasCode, messageOf } from "../../../lib/errors.ts";
import { CliError } from "../errors.ts";
import { DiagnosisExit } from "./exit-codes.ts";

export interface Roots {
  readonly dataRoot: string;
  readonly execRoot: string;
}

/** @throws {CliError} when the configuration file is there and cannot be read */
export function engineRoots(env: NodeJS.ProcessEnv): Roots {
  const { CTR_DATA_ROOT: dataRoot, CTR_EXEC_ROOT: execRoot } = env;
  if (dataRoot && execRoot) return { dataRoot, execRoot };
  const file = configured();
  return {
    dataRoot: dataRoot || textOf(file["data-root"]) || DEFAULT_DATA_ROOT,
    execRoot: execRoot || textOf(file["exec-root"]) || DEFAULT_EXEC_ROOT,
  };
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

function configured(): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(readFileSync(DEFAULT_CONFIG_FILE, "utf8")) as Readonly<Record<string, unknown>>;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return {};
    throw new CliError(`cannot read ${DEFAULT_CONFIG_FILE}: ${messageOf(error)}`, DiagnosisExit.environment);
  }
}
