import { formatBinarySize } from "../../../../lib/units/size.ts";
import { CliError } from "../../errors.ts";
import type { LoadContainer } from "../load-container.ts";
import { isGone } from "../load-container.ts";
import { stress } from "../loads.ts";
import { hostMemory } from "../machine.ts";
import { judged } from "../trials/trial.ts";
import type { Profile, ProfileRun } from "./profile.ts";

const MIB = 2 ** 20;

/** Of one container, and of the group in which the kernel has to choose. */
const LIMIT = 64 * MIB;
const GROUP_LIMIT = 256 * MIB;

/** Each of these holds as much: the higher its score, the sooner it is to die. */
const SCORES = [0, 300, 600, 900];
const HELD = 40 * MIB;
/** The one that grows does so in small processes, none of which would be chosen for its size. */
const STEP = 8 * MIB;

/** Holds memory: dd fills its buffer, and nobody reads what it writes. */
const hold = (bytes: number): string => `dd if=/dev/zero bs=${bytes} count=1 2>/dev/null | sleep 600`;

export const memory: Profile = {
  summary: "hogs at their own limit, then a shared limit at which --oom-score-adj decides who dies first",
  async run(run) {
    const { session, recorder, phase } = run;
    await checkRoom(run);
    const group = await session.group({ Memory: GROUP_LIMIT, MemorySwap: GROUP_LIMIT });
    await phase("own limit", () => hogsAtOwnLimit(run, group));
    await phase("shared limit", () => chooseByScore(run, group));
    return [{ title: "Memory", unit: "bytes", series: recorder.series("memory") }];
  },
};

async function checkRoom({ session }: ProfileRun): Promise<void> {
  await using container = await session.start({}, { purpose: "memory" });
  const { available } = await hostMemory(container);
  if (available > 2 * GROUP_LIMIT) return;
  throw new CliError(
    `The machine has only ${formatBinarySize(available)} of memory to spare: too little for this profile`,
  );
}

/** Hogs that are begun anew whenever they are killed. */
async function hogsAtOwnLimit({ session, recorder, seconds, tell }: ProfileRun, group: string): Promise<void> {
  const resources = { Memory: LIMIT, MemorySwap: LIMIT, CgroupParent: group };
  await using container = await session.start(resources, { purpose: "memory" });
  recorder.follow(container, `limit ${formatBinarySize(LIMIT)}`, { memory: LIMIT });
  const before = await container.sample();
  const flags = ["--vm", "1", "--vm-bytes", String(LIMIT * 2), "--vm-keep", "--vm-method", "zero-one"];
  await container.spawn(stress(flags, seconds / 2));
  await session.pause((seconds / 2) * 1000);
  const { stats } = await container.sample();
  const peak = stats.memoryPeak ?? stats.memoryUsage;
  const kills = stats.oomKills - before.stats.oomKills;
  tell({
    limit: "memory",
    set: formatBinarySize(LIMIT),
    measured: `${formatBinarySize(peak)} at most, ${kills} ${kills === 1 ? "process" : "processes"} killed`,
    ...judged(peak / LIMIT - 1, 0.01),
  });
}

async function chooseByScore({ session, recorder, seconds, tell }: ProfileRun, group: string): Promise<void> {
  const holders = new Map<number, LoadContainer>();
  for (const score of SCORES) {
    const resources = { CgroupParent: group, OomScoreAdj: score };
    const container = await session.start(resources, { purpose: `score-${score}`, command: ["sh", "-c", hold(HELD)] });
    recorder.follow(container, `oom_score_adj ${score}`, {});
    holders.set(score, container);
  }
  const grower = await session.start({ CgroupParent: group }, { purpose: "grower" });
  recorder.follow(grower, "the one that grows", {});
  // As much as there is room for when all but one of the others are gone.
  const steps = Math.ceil((GROUP_LIMIT - HELD) / STEP);
  const pause = seconds / 2 / steps;
  await grower.spawn([
    "sh",
    "-c",
    `for i in $(seq ${steps}); do { ${hold(STEP)}; } & sleep ${pause.toFixed(2)}; done; wait`,
  ]);
  const victims = await watchVictims(session, holders, (seconds / 2) * 1000 + 5000);
  const expected = SCORES.toSorted((a, b) => b - a).slice(0, victims.length);
  tell({
    limit: "oom-score-adj",
    set: SCORES.join(", "),
    measured: victims.length === 0 ? "nobody was killed" : `killed in this order: ${victims.join(", ")}`,
    verdict: victims.length > 1 && victims.join() === expected.join() ? "pass" : "fail",
  });
}

/** Scores of the containers whose process was killed, in their order; ends when only the one with the least is left. */
async function watchVictims(
  session: ProfileRun["session"],
  holders: ReadonlyMap<number, LoadContainer>,
  milliseconds: number,
): Promise<number[]> {
  const victims: number[] = [];
  await session.until(milliseconds, async () => {
    for (const [score, container] of holders) {
      if (!victims.includes(score) && (await wasHit(container))) victims.push(score);
    }
    return victims.length >= holders.size - 1 ? true : undefined;
  });
  return victims;
}

async function wasHit(container: LoadContainer): Promise<boolean> {
  try {
    return (await container.sample()).stats.oomKills > 0;
  } catch (error) {
    if (isGone(error)) return true;
    throw error;
  }
}
