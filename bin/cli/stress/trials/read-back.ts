/** Limits that a process can ask the kernel for itself, and limits that only the group's file shows. */
import { isProcessLimitName, PROCESS_LIMITS } from "../../../../lib/system/process-limits.ts";
import { formatBinarySize } from "../../../../lib/units/size.ts";
import type { Ulimit } from "../../../../runtime/index.ts";
import type { LoadSession } from "../session.ts";
import { type Measurement, notMeasurable, type Trial, type TrialParts } from "./trial.ts";

export const tryOomScoreAdj: Trial = async ({ session, resources, reading }) => {
  await using container = await session.start(resources, { purpose: "score" });
  const { output } = await container.exec(["cat", "/proc/1/oom_score_adj", "/proc/self/oom_score_adj"]);
  const scores = output.trim().split(/\s+/).map(Number);
  return {
    measured: `${scores[0]} in its first process, ${scores[1]} in an exec`,
    verdict: scores.length === 2 && scores.every((score) => score === reading.enforced) ? "pass" : "fail",
  };
};

/** A file of the group says it, but nothing that could be counted comes of it at once. */
export const onlyRead =
  (why: string): Trial =>
  ({ reading }) =>
    Promise.resolve(notMeasurable(`${why}; ${reading.file.split("/").at(-1)} says ${reading.value.split("\n")[0]}`));

/** In the first process and in an exec. */
export async function tryUlimit(
  parts: Pick<TrialParts, "session" | "resources">,
  ulimit: Ulimit,
): Promise<Measurement> {
  await using container = await parts.session.start(parts.resources, { purpose: "ulimit" });
  const { output } = await container.exec(["cat", "/proc/1/limits", "/proc/self/limits"]);
  const lines = output.split("\n").filter((line) => line.startsWith(`${labelOf(ulimit)}  `));
  const pairs = lines.map((line) => line.slice(NAME_WIDTH).trim().split(/\s+/, 2).map(numberOf));
  const measured = pairs.map(([soft, hard]) => `${shown(soft)}:${shown(hard)}`);
  return {
    measured: `${measured[0]} in its first process, ${measured[1]} in an exec`,
    verdict:
      pairs.length === 2 && pairs.every(([soft, hard]) => soft === ulimit.Soft && hard === ulimit.Hard)
        ? "pass"
        : "fail",
  };
}

const labelOf = ({ Name }: Ulimit): string => (isProcessLimitName(Name) ? PROCESS_LIMITS[Name].label : Name);

/** Columns that the name takes in /proc/PID/limits. */
const NAME_WIDTH = 26;

const numberOf = (text: string): number => (text === "unlimited" ? -1 : Number(text));
const shown = (value: number | undefined): string => (value === -1 ? "unlimited" : String(value));

/** Fills /dev/shm until nothing more fits. */
export async function tryShmSize(
  { session, resources }: { readonly session: LoadSession; readonly resources: TrialParts["resources"] },
  size: number,
): Promise<Measurement> {
  if (size > MOST_SHM) return notMeasurable(`to try it, ${formatBinarySize(size)} of memory would be filled`);
  // What is in /dev/shm is charged to the container's memory, which may be less.
  await using container = await session.start(
    { ShmSize: size, ...(resources.CgroupParent === undefined ? {} : { CgroupParent: resources.CgroupParent }) },
    { purpose: "shm" },
  );
  const { output } = await container.exec([
    "sh",
    "-c",
    "dd if=/dev/zero of=/dev/shm/full bs=4k 2>/dev/null; stat -c %s /dev/shm/full; rm /dev/shm/full",
  ]);
  const filled = Number(output.trim());
  return { measured: `${formatBinarySize(filled)} fit in`, verdict: filled === size ? "pass" : "fail" };
}

const MOST_SHM = 2 ** 30;
