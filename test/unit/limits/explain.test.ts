/** What is kept at an exit, and how a container is said to be. */
import { deepEqual, doesNotMatch, equal, match } from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explain, type Facts, type FactsOptions } from "../../../cgroups/index.ts";
import type { Ending } from "../../../runtime/container/records.ts";
import { withRatesAbove } from "../../../runtime/limits/explain-above.ts";
import { figuresOf } from "../../../runtime/limits/explain-figures.ts";
import { headlineOf, type Known } from "../../../runtime/limits/explain-headline.ts";
import { exitFactsOf, readExitFacts, writeExitFacts } from "../../../runtime/limits/facts.ts";
import { healthy, MIB, victim } from "../cgroups/facts.ts";

const oomLog = { victimsIn: () => [] } as never;
const run = { id: "web", name: "web", asked: {}, started: 0, ended: 60_000, lastVictim: 3 };

/** The facts at an exit, of a kernel that counted so many kills. */
function factsAt(exitCode: number, ending?: Ending, more: Partial<Facts> = {}): Facts {
  const facts = (_id: string, { exit }: FactsOptions = {}): Facts => ({
    ...healthy,
    ...more,
    ...(exit === undefined ? {} : { exit }),
  });
  return exitFactsOf({ facts }, { oomLog }, { ...run, exitCode, ending });
}

const codes = (facts: Facts): string[] => explain(facts).map(({ code }) => code);
const killedBy = (more: Partial<typeof victim>): Partial<Facts> => ({
  signals: { ...healthy.signals, oomKills: 1 },
  victims: [{ ...victim, ...more }],
});

describe("an exit of 137", () => {
  for (const [what, facts, ...expected] of [
    ["a kill", factsAt(137, { asked: "kill" }), "killed-by-request"],
    ["a stop that was not heeded", factsAt(137, { asked: "stop", stopTimeout: 10 }), "stop-timeout"],
    ["a stranger", factsAt(137), "killed-from-outside"],
    ["its own limit", factsAt(137, undefined, killedBy({})), "oom-own-limit"],
    ["its own limit while it was stopped", factsAt(137, { asked: "stop" }, killedBy({})), "oom-own-limit"],
    ["the machine", factsAt(137, undefined, killedBy({ reason: "host", limitGroup: "" })), "oom-host"],
  ] as const) {
    it(`by ${what}: ${expected.join()}`, () => deepEqual(codes(facts), expected));
  }

  it("of the machine's memory is no limit of the container", () => {
    const facts = factsAt(137, undefined, killedBy({ reason: "host", limitGroup: "" }));
    match(explain(facts)[0]?.title ?? "", /^It was killed because the whole machine ran out of memory\.$/);
  });
});

describe("facts of an exit", () => {
  it("are read back as they were, and are none when the file is no use", () => {
    const directory = mkdtempSync(join(tmpdir(), "ctr-facts-"));
    const path = join(directory, "exit-facts.json");
    equal(readExitFacts(path), undefined);
    const facts = factsAt(1);
    writeExitFacts(path, facts);
    deepEqual(readExitFacts(path), JSON.parse(JSON.stringify(facts)));
    writeFileSync(path, '{"id":');
    equal(readExitFacts(path), undefined);
    rmSync(directory, { recursive: true });
  });

  it("keep ten victims, each with ten that it was chosen from", () => {
    const candidates = Array.from({ length: 50 }, () => ({ pid: 1, name: "a", rss: 1, swap: 0, oomScoreAdj: 0 }));
    const victims = Array.from({ length: 30 }, (_, sequence) => ({ ...victim, sequence, candidates }));
    const kept = factsAt(137, undefined, { victims }).victims;
    deepEqual([kept.length, kept.at(-1)?.sequence, kept[0]?.candidates.length], [10, 29, 10]);
  });
});

describe("the headline", () => {
  const known = (status: "running" | "exited" | "created" | "restarting", more: Partial<Known> = {}): Known => ({
    container: { name: "web", status, exitCode: 0, error: "", oomKilled: false },
    exit: undefined,
    verdicts: [],
    wasUnwell: false,
    hasFacts: true,
    ...more,
  });
  const ended = (exitCode: number, facts?: Facts): Known => ({
    ...known("exited"),
    container: { ...known("exited").container, exitCode },
    exit: facts?.exit,
    verdicts: facts === undefined ? [] : explain(facts),
  });

  for (const [expected, given] of [
    ["web is well: no limit holds it back.", known("running")],
    ["web is well now. It was not, a while ago.", known("running", { wasUnwell: true })],
    ["web has not been started yet.", known("created")],
    ["web ended by itself, and says that all went well (exit code 0). No limit had to do with it.", ended(0)],
    ["web was ended by signal SIGSEGV (exit code 139). No limit had to do with it.", ended(139)],
    ["web was killed (exit code 137).", ended(137, factsAt(137))],
    ["web was killed, as a client asked (exit code 137).", ended(137, factsAt(137, { asked: "kill" }))],
    ["web was stopped, as a client asked (exit code 143).", ended(143, factsAt(143, { asked: "stop" }))],
    ["web has ended (exit code 0); what its limits did is not known.", known("exited", { hasFacts: false })],
    [
      "web is about to be started again. It ended by itself, and says that all went well (exit code 0). No limit had to do with it.",
      known("restarting"),
    ],
  ] as const) {
    it(expected, () => equal(headlineOf(given), expected));
  }

  it("tells why it could not be started", () => {
    const refusing = (error: string, exitCode = 127) =>
      headlineOf(known("created", { container: { ...known("created").container, exitCode, error } }));
    equal(refusing("no such file"), "web could not be started: no such file");
    const runtime = "OCI runtime create failed: runc create failed: unable to start container process";
    equal(
      refusing(`${runtime}: exec: "nope": executable file not found in $PATH: unknown`),
      'web could not be started: there is no program "nope" in it.',
    );
    equal(
      refusing(`${runtime}: exec: "/etc/passwd": permission denied: unknown`, 126),
      'web could not be started: "/etc/passwd" cannot be run.',
    );
  });
});

describe("what was looked at", () => {
  it("is one line each, of one that runs and of one that has ended", () => {
    for (const facts of [healthy, factsAt(0), { ...healthy, rates: undefined, pressure: {} } as unknown as Facts]) {
      const figures = figuresOf(facts);
      equal(figures.length, 8);
      for (const { text } of figures) doesNotMatch(text, /undefined|NaN|\n/);
    }
    const [memory, cpu] = figuresOf(healthy);
    deepEqual(
      [memory?.text, cpu?.text],
      ["30MiB of 64MiB; 40MiB at most", "0.20 of 0.5 CPUs; held back by it in 1 % of the periods"],
    );
  });

  it("counts of groups above what was of late", () => {
    const above = (periods: number, throttledPeriods: number): Facts => {
      const cpu = { cpus: 1, throttledShare: throttledPeriods / periods, periods, throttledPeriods, file: "/f" };
      return { ...healthy, above: [{ path: "/ctr", cpu, memory: { limit: MIB, usage: 0, file: "/m" } }] };
    };
    const [group] = withRatesAbove(above(1000, 900), above(1010, 901)).above;
    equal(group?.cpu?.throttledShare, 0.1);
    equal(withRatesAbove(above(1000, 900), above(1000, 900)).above[0]?.cpu?.throttledShare, 0);
  });
});
