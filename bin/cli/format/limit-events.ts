/** Events of limits as lines. */
import type { OomVictim } from "../../../cgroups/index.ts";
import { formatBinarySize } from "../../../lib/units/size.ts";
import type { LimitEvent } from "../../../runtime/index.ts";
import { localSeconds } from "../timestamp.ts";

/** `2026-11-24 20:14:38 web oom: killed sh (process 1234, …)`. */
export const limitEventLine = (event: LimitEvent): string =>
  `${localSeconds(event.time)} ${event.name} ${event.type}: ${detailOf(event)}`;

function detailOf(event: LimitEvent): string {
  switch (event.type) {
    case "oom":
      return event.victims.length === 0
        ? `${event.kills === 1 ? "a process was" : `${event.kills} processes were`} killed for lack of memory`
        : event.victims.map((victim) => victimText(victim, event.path)).join("; ");
    case "limit":
      return `${LIMITS[event.limit]}${event.count === 1 ? "" : `, ${event.count} times`}`;
    case "throttled":
      return event.state === "above"
        ? `its CPU time is used up in ${percent(event.share)} of the periods`
        : `no more, in ${percent(event.share)} of the periods`;
    case "pressure":
      return `it waits for ${resourceName(event.resource)} ${percent(event.share)} of the time${event.state === "above" ? "" : ", less than before"}`;
  }
}

const LIMITS: Readonly<Record<"memory" | "memoryHigh" | "pids", string>> = {
  memory: "its memory limit was reached, and memory was taken back",
  memoryHigh: "it was slowed down above its soft limit of memory",
  pids: "a new process was refused",
};

function victimText({ name, pid, anonymous, file, shared, oomScoreAdj, reason, limitGroup }: OomVictim, path: string) {
  const size = formatBinarySize(anonymous + file + shared);
  return `killed ${name} (process ${pid}, ${size}, oom_score_adj ${oomScoreAdj}): ${reasonText(reason, limitGroup, path)}`;
}

function reasonText(reason: OomVictim["reason"], limitGroup: string, path: string): string {
  if (reason === "host") return "the machine was out of memory";
  if (limitGroup === path) return "its own memory limit was reached";
  return `the memory limit of ${limitGroup} was reached`;
}

const resourceName = (resource: string | undefined): string =>
  resource === "io" ? "the disk" : resource === "cpu" ? "CPU" : (resource ?? "");

const percent = (share: number): string => `${Math.round(share * 100)} %`;
