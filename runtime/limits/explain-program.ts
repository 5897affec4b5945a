/** What the engine knows of a program beside its group: limits of its processes, restarts, and what it said last. */
import type { ProgramFacts } from "../../cgroups/index.ts";
import type { ContainerRecord } from "../container/records.ts";
import { restartsInARow } from "../container/restart-policy.ts";
import { readLogs } from "../monitor/index.ts";
import type { Container } from "../types.ts";

/** Lines. */
const LAST = 10;
/** Characters of a line that are told. */
const LONGEST = 300;

export async function programFactsOf({ container, restartDelay }: ContainerRecord): Promise<ProgramFacts> {
  const { hostConfig, logPath } = container;
  const ulimits = (hostConfig.Ulimits ?? []).map(({ Name, Soft, Hard }) => [Name, { soft: Soft, hard: Hard }] as const);
  return {
    ulimits: Object.fromEntries(ulimits),
    readOnlyRoot: hostConfig.ReadonlyRootfs ?? false,
    restarts: restartsInARow(restartDelay, lifeOf(container)),
    lastWords: await lastWords(logPath),
    log: logPath,
  };
}

/** Milliseconds: of one that runs, until now. */
function lifeOf({ status, startedAt, finishedAt }: Container): number {
  const end = status === "running" || status === "paused" ? Date.now() : Date.parse(finishedAt);
  return end - Date.parse(startedAt);
}

/** None of a container that keeps no log. */
async function lastWords(path: string): Promise<string[]> {
  if (path === "") return [];
  const lines: string[] = [];
  for await (const { data } of readLogs(path, { tail: LAST })) lines.push(data.toString().trimEnd().slice(0, LONGEST));
  return lines;
}
