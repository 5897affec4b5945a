/** Shares of CPU time count while CPUs are contended: two containers on one CPU show them. */
import type { LimitValue } from "../../../../cgroups/index.ts";
import { readingOf } from "../load-container.ts";
import { spin, untilBusy } from "../loads.ts";
import { cpusOf } from "../machine.ts";
import { without } from "../resources.ts";
import { measureTogether } from "../window.ts";
import { judged, notMeasurable, type Trial } from "./trial.ts";

const TOLERANCE = 0.1;

const DEFAULT_SHARES = 1024;

export const tryCpuShares: Trial = async ({ session, resources, seconds }) => {
  const { CpuShares: shares = DEFAULT_SHARES, CpusetCpus = "" } = resources;
  const other = shares >= DEFAULT_SHARES ? Math.round(shares / 3) : shares * 3;
  const cpu = cpusOf(CpusetCpus === "" ? "0" : CpusetCpus).at(-1);
  // With a quota both would wait, and contend for nothing.
  const rest = { ...without(resources, "NanoCpus", "CpuQuota", "CpuPeriod"), CpusetCpus: String(cpu) };
  await using own = await session.start({ ...rest, CpuShares: shares }, { purpose: "shares" });
  await using neighbour = await session.start({ ...rest, CpuShares: other }, { purpose: "shares" });
  const both = [own, neighbour];
  for (const container of both) await spin(container, 1, seconds);
  for (const container of both) await untilBusy(session, container);
  const samples = await Promise.all(both.map((container) => container.sample()));
  const [ownWeight, otherWeight] = samples.map((sample) => weightIn(readingOf(sample, "cpuShares")?.enforced));
  const [first, second] = await measureTogether(session, both, seconds);
  if (first === undefined || second === undefined || second.cpus === 0) return notMeasurable("it did not get to run");
  const wanted = (ownWeight ?? 1) / (otherWeight ?? 1);
  const measured = first.cpus / second.cpus;
  return {
    measured: `${measured.toFixed(2)} : 1 against a container with ${other}, ${wanted.toFixed(2)} : 1 expected`,
    ...judged(measured / wanted - 1, TOLERANCE),
  };
};

/** Shares on v1, `weight 100` on v2. */
const weightIn = (enforced: LimitValue | undefined): number => Number(String(enforced).replace("weight ", ""));
