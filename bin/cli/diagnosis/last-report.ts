/** The last trace is kept, for `ctr net map --overlay last`: in the engine's exec-root, else with the user's own state. */
import { mkdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "../../../lib/atomic-file.ts";
import { hasCode, messageOf } from "../../../lib/errors.ts";
import type { FlowReport } from "../../../netns/index.ts";
import { CliError } from "../errors.ts";
import { DiagnosisExit } from "./exit-codes.ts";
import { engineRoots } from "./roots.ts";

const NAME = "last-trace.json";

/** Where it cannot be kept it is not: the answer itself is what was asked for. */
export function keepReport(report: FlowReport): void {
  for (const path of places()) {
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
      writeFileAtomic(path, `${JSON.stringify(report)}\n`);
      return;
    } catch (error) {
      if (!hasCode(error, "EACCES", "EPERM", "EROFS", "ENOENT", "ENOSPC")) throw error;
    }
  }
}

/** @param name `last`, or a file with the output of `ctr net trace --json` @throws {CliError} */
export function readReport(name: string): FlowReport {
  const paths = name === "last" ? places() : [name];
  for (const path of paths) {
    const content = contentOf(path);
    if (content === undefined) continue;
    return parsed(content, path);
  }
  throw new CliError(
    name === "last" ? "nothing was traced yet\nTry: ctr net trace web api:80" : `there is no file ${name}`,
    DiagnosisExit.usage,
  );
}

function parsed(content: string, path: string): FlowReport {
  try {
    const report = JSON.parse(content) as Partial<FlowReport>;
    if (report.schema === "ctr.net.trace/1") return report as FlowReport;
  } catch {
    // Told below.
  }
  throw new CliError(`${path} is no report of ctr net trace --json`, DiagnosisExit.usage);
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw new CliError(`cannot read ${path}: ${messageOf(error)}`, DiagnosisExit.usage);
  }
}

function places(): string[] {
  const own = process.env["XDG_STATE_HOME"] || join(homedir(), ".local/state");
  const user = join(own, "ctr", NAME);
  return process.getuid?.() === 0 ? [join(engineRoots(process.env).execRoot, NAME), user] : [user];
}
