/** What is known of a container's limits when it ends. It would be gone with its cgroup, so it is kept in a file. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { beginning, type Cgroups, type ExitFacts, type Facts, type Limits, type Moment } from "../../cgroups/index.ts";
import { hasCode } from "../../lib/errors.ts";
import type { Ending } from "../container/records.ts";
import type { LimitWatch } from "./watch.ts";

/** Victims that are kept, and of the processes that each was chosen from. */
const VICTIMS = 10;
const CANDIDATES = 10;

/** Exit code of SIGKILL. */
const KILLED = 137;
/** Milliseconds: rates of a shorter life are those of starting it. */
const SHORTEST_LIFE = 2000;

export interface EndedRun {
  readonly id: string;
  readonly name: string;
  readonly asked: Limits;
  /** Milliseconds since 1970. */
  readonly started: number;
  readonly ended: number;
  readonly exitCode: number;
  /** What a user asked for. */
  readonly ending: Ending | undefined;
  /** See `OomLog.last`. */
  readonly lastVictim: number | undefined;
}

/** @throws `notFound` when the group is gone, as after a restart of the machine */
export function exitFactsOf(
  cgroups: Pick<Cgroups, "facts">,
  { oomLog }: Pick<LimitWatch, "oomLog">,
  run: EndedRun,
): Facts {
  const { id, name, asked, lastVictim } = run;
  const since = lifeOf(run);
  const facts = cgroups.facts(id, {
    ...{ name, asked, oomLog, exit: exitOf(run) },
    ...(since === undefined ? {} : { since }),
    ...(lastVictim === undefined ? {} : { after: lastVictim }),
  });
  const victims = facts.victims
    .slice(-VICTIMS)
    .map((victim) => ({ ...victim, candidates: victim.candidates.slice(0, CANDIDATES) }));
  return { ...facts, victims };
}

function lifeOf({ started, ended }: EndedRun): Moment | undefined {
  return ended - started < SHORTEST_LIFE ? undefined : beginning(started);
}

/** A stop that SIGKILL has not followed yet is no reason for the exit code of SIGKILL. */
function exitOf({ exitCode, ended, ending }: EndedRun): ExitFacts {
  const { asked = "nothing", stopTimeout } = ending ?? {};
  const wasBefore = asked === "stop" && stopTimeout === undefined && exitCode === KILLED;
  return {
    code: exitCode,
    time: ended,
    asked: wasBefore ? "nothing" : asked,
    ...(stopTimeout === undefined ? {} : { stopTimeout }),
  };
}

/** A reader, or a crash of the engine, sees the old or the new facts; after a crash of the machine they may be lost. */
export function writeExitFacts(path: string, facts: Facts): void {
  const temporary = `${path}.tmp`;
  writeFileSync(temporary, JSON.stringify(facts), { mode: 0o600 });
  renameSync(temporary, path);
}

/** Undefined when none were kept, or the file is no use. */
export function readExitFacts(path: string): Facts | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Facts;
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR") || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
