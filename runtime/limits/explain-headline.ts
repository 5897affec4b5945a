/** The first sentence of an explanation: how a container is, in words that anyone understands. */
import type { ExitFacts, Severity, Verdict } from "../../cgroups/index.ts";
import { signalName } from "../../lib/system/signals.ts";
import type { Container } from "../types.ts";

export interface Known {
  readonly container: Pick<Container, "name" | "status" | "exitCode" | "error" | "oomKilled">;
  readonly exit: ExitFacts | undefined;
  /** The gravest first. */
  readonly verdicts: readonly Verdict[];
  /** It was not well earlier in its run. */
  readonly wasUnwell: boolean;
  /** False when nothing was kept about the end. */
  readonly hasFacts: boolean;
}

/** Verdicts on containers in which nothing happens any more. */
const STANDSTILL: ReadonlySet<string> = new Set(["frozen", "oom-waiting", "stopped"]);

export function headlineOf(known: Known): string {
  const { name, status, error } = known.container;
  switch (status) {
    case "created":
      return error === "" ? `${name} has not been started yet.` : notStarted(known.container);
    case "running":
    case "paused":
      return `${name} ${running(known)}`;
    case "restarting":
      return `${name} is about to be started again. ${capital(ended(known))}`;
    default:
      return error === "" ? `${name} ${ended(known)}` : notStarted(known.container);
  }
}

/** Docker's codes of a program that did not start. */
const CANNOT_BE_RUN = 126;
const IS_NOT_THERE = 127;

function notStarted({ name, error, exitCode }: Known["container"]): string {
  const [, program] = /\bexec: "([^"]+)"/.exec(error) ?? [];
  const reasons: Readonly<Record<number, string>> =
    program === undefined
      ? {}
      : { [IS_NOT_THERE]: `there is no program "${program}" in it.`, [CANNOT_BE_RUN]: `"${program}" cannot be run.` };
  return `${name} could not be started: ${reasons[exitCode] ?? error}`;
}

const RUNNING: Readonly<Record<Severity, string>> = {
  killed: "runs, but a process in it was killed.",
  failing: "runs, but does not get all that it asks for.",
  slow: "is slow.",
  notice: "runs and nothing holds it back, but there is something to know.",
};

function running({ verdicts: [gravest], wasUnwell }: Known): string {
  if (gravest === undefined && wasUnwell) return "is well now. It was not, a while ago.";
  if (gravest === undefined) return "is well: no limit holds it back.";
  return STANDSTILL.has(gravest.code) ? "stands still." : RUNNING[gravest.severity];
}

/** Reasons that are told by the exit alone, and not by what limits did. */
const ASKED: ReadonlySet<string> = new Set(["killed-by-request", "stop-timeout"]);

/** Faults of the program and of how it was told to run. */
const ITS_OWN: ReadonlySet<string> = new Set([
  ...["program-signal", "command-missing", "restart-loop", "read-only"],
  ...["not-permitted", "permission-denied", "address-in-use"],
]);

function ended({ container, exit, verdicts, hasFacts }: Known): string {
  const { exitCode, oomKilled } = container;
  const code = `(exit code ${exitCode})`;
  if (verdicts.some(({ severity }) => severity === "killed")) return `was killed ${code}.`;
  if (verdicts.some((verdict) => ASKED.has(verdict.code))) return `was killed, as a client asked ${code}.`;
  if (exit?.asked === "stop") return `was stopped, as a client asked ${code}.`;
  if (!hasFacts && oomKilled) return `has ended, and processes of it were killed for lack of memory ${code}.`;
  if (!hasFacts) return `has ended ${code}; what its limits did is not known.`;
  const isNoLimits = verdicts.every((verdict) => ITS_OWN.has(verdict.code));
  return `${byItself(exitCode)} ${isNoLimits ? "No limit had to do with it." : "Its limits held it back."}`;
}

/** A shell's way to tell of a signal. */
const SIGNALLED = 128;
const LAST_SIGNAL = 64;

function byItself(code: number): string {
  if (code === 0) return "ended by itself, and says that all went well (exit code 0).";
  if (code > SIGNALLED && code <= SIGNALLED + LAST_SIGNAL) {
    return `was ended by signal ${signalName(code - SIGNALLED)} (exit code ${code}).`;
  }
  return `ended by itself, and says that something was wrong (exit code ${code}).`;
}

const capital = (text: string): string => `It ${text}`;
