/** Where processes run: the CPUs and memory nodes of the container. */

import type { LoadContainer } from "../load-container.ts";
import { spin, untilBusy } from "../loads.ts";
import { cpusOf, hostCpus } from "../machine.ts";
import { notMeasurable, type Trial } from "./trial.ts";

/** Looks at where the workers run, and milliseconds between two. */
const LOOKS = 10;
const INTERVAL = 50;

export const tryCpusetCpus: Trial = async ({ session, resources, reading }) => {
  const allowed = String(reading.enforced);
  if (allowed === "") return notMeasurable("there is no limit");
  await using container = await session.start(resources, { purpose: "cpuset" });
  await spin(container, (await hostCpus(session)) + 1, 1);
  await untilBusy(session, container);
  const seen = new Set<number>();
  for (let look = 0; look < LOOKS; look++) {
    for (const cpu of await cpusOfWorkers(container)) seen.add(cpu);
    await session.pause(INTERVAL);
  }
  const list = [...seen].sort((a, b) => a - b).join(",");
  const expected = new Set(cpusOf(allowed));
  return {
    measured: `ran on ${list === "" ? "none" : list}`,
    verdict: seen.size > 0 && [...seen].every((cpu) => expected.has(cpu)) ? "pass" : "fail",
  };
};

/** The CPU that each worker of stress-ng ran on last: field 39 of /proc/PID/stat, see proc(5). */
async function cpusOfWorkers(container: LoadContainer): Promise<number[]> {
  const { output } = await container.exec(["sh", "-c", "cat /proc/[0-9]*/stat 2>/dev/null"]);
  return [...output.matchAll(/^\d+ \(stress-ng-.*\) (.*)$/gm)].map(([, fields = ""]) => Number(fields.split(" ")[36]));
}

export const tryCpusetMems: Trial = async ({ session, resources, reading }) => {
  const allowed = String(reading.enforced);
  await using container = await session.start(resources, { purpose: "cpuset" });
  const { output } = await container.exec(["cat", "/proc/self/status"]);
  const [, list = ""] = /^Mems_allowed_list:\s*(\S+)/m.exec(output) ?? [];
  return {
    measured: `may use ${list}`,
    verdict: cpusOf(list).join() === cpusOf(allowed).join() ? "pass" : "fail",
  };
};
