import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { CAUSES, explain, type Facts, type ProgramFacts } from "../../../cgroups/index.ts";
import { healthy, MIB, rates, reading, stats, victim, withLimits, withPressure } from "./facts.ts";

const codes = (facts: Facts): string[] => explain(facts).map(({ code }) => code);

const killed: Facts = { ...healthy, exit: { code: 137, time: 1e12, asked: "nothing" } };
const oomed: Facts = { ...killed, signals: { ...healthy.signals, oomKills: 1 }, victims: [victim] };
const atLimit = withLimits(oomed, reading("memory", 64 * MIB, { usage: 64 * MIB, peak: 64 * MIB }));
const above = { path: "/ctr/shop.group", memory: { limit: 100 * MIB, usage: 99 * MIB, file: "/f/memory.max" } };
const fullPids = reading("pids", 50, { usage: 4, peak: 50 });
const waiting = (some: number) => ({ some, full: some / 2 });

const program: ProgramFacts = { ulimits: {}, readOnlyRoot: false, restarts: 0, lastWords: [], log: "/log" };
const ended = (code: number, more: Partial<ProgramFacts> = {}): Facts => ({
  ...healthy,
  exit: { code, time: 1e12, asked: "nothing" },
  program: { ...program, ...more },
});
const said = (line: string, more: Partial<ProgramFacts> = {}): Facts =>
  ended(1, { lastWords: ["starting", `app: open: ${line}`, "bye"], ...more });
const limited = (name: string) => ({ ulimits: { [name]: { soft: 5, hard: 5 } } });

/** A fault → the verdicts on it, the gravest first. */
const FAULTS: readonly (readonly [string, Facts, ...string[]])[] = [
  ["killed at its own limit", oomed, "oom-own-limit"],
  ["killed at its own limit, log unreadable", { ...atLimit, victims: [] }, "oom-own-limit"],
  ["a child is killed, it lives", { ...oomed, exit: undefined } as unknown as Facts, "oom-own-limit", "oom-survivor"],
  [
    "killed for a group above",
    { ...oomed, above: [above], victims: [{ ...victim, limitGroup: "/ctr/shop.group" }] },
    "oom-group-above",
  ],
  ["killed for a group above, log unreadable", { ...oomed, above: [above], victims: [] }, "oom-group-above"],
  ["killed for the machine", { ...oomed, victims: [{ ...victim, reason: "host", limitGroup: "" }] }, "oom-host"],
  [
    "killed for the machine, log unreadable, no limit",
    withLimits({ ...oomed, victims: [] }, reading("memory", "max", { asked: undefined })),
    "oom-host",
  ],
  [
    "killed for its score, not its size",
    {
      ...oomed,
      victims: [
        {
          ...victim,
          oomScoreAdj: 500,
          candidates: [...victim.candidates, { pid: 42, name: "big", rss: 90 * MIB, swap: 0, oomScoreAdj: 0 }],
        },
      ],
    },
    "oom-own-limit",
    "oom-score",
  ],
  [
    "killed as a whole",
    withLimits({ ...oomed, signals: { ...oomed.signals, groupKills: 1 } }, reading("oomGroup", true)),
    "oom-own-limit",
    "oom-whole-group",
  ],
  ["killed by a client", { ...killed, exit: { code: 137, time: 1e12, asked: "kill" } }, "killed-by-request"],
  ["did not stop", { ...killed, exit: { code: 137, time: 1e12, asked: "stop", stopTimeout: 10 } }, "stop-timeout"],
  ["killed by a stranger", killed, "killed-from-outside"],
  ["killed for its CPU time", ended(137, limited("cpu")), "ulimit-cpu"],
  ["told of its CPU time", ended(152, limited("cpu")), "ulimit-cpu"],
  [
    "killed by a stranger before its CPU time was used up",
    ended(137, { ulimits: { cpu: { soft: 50, hard: 50 } } }),
    "killed-from-outside",
  ],
  ["too large a file", ended(153, limited("fsize")), "ulimit-fsize"],
  ["says that a file is too large", said("File too large", limited("fsize")), "ulimit-fsize"],
  ["says that a write failed", said("head: standard output: I/O error", limited("fsize")), "ulimit-fsize"],
  ["says that too many files are open", said("Too many open files"), "ulimit-nofile"],
  ["says that it cannot fork", said("can't fork: Resource temporarily unavailable", limited("nproc")), "ulimit-nproc"],
  ["says that the disk is full", said("No space left on device"), "disk-full"],
  ["says that the disk cannot be written", said("Read-only file system"), "read-only"],
  ["says that it cannot lock memory", said("mlock: Cannot allocate memory", limited("memlock")), "ulimit-memlock"],
  ["says that it may not", said("Operation not permitted"), "not-permitted"],
  ["says that a file is not its own", said("Permission denied"), "permission-denied"],
  ["says that its port is taken", said("Address already in use"), "address-in-use"],
  ["crashes", ended(139), "program-signal"],
  ["writes to nobody", ended(141), "program-signal"],
  ["makes a forbidden system call", ended(159), "program-signal"],
  ["names a program that is not there", ended(127), "command-missing"],
  ["names a file that is no program", ended(126), "command-missing"],
  ["ends again and again", ended(1, { restarts: 4 }), "restart-loop"],
  ["waits for memory", { ...healthy, signals: { ...healthy.signals, underOom: true } }, "oom-waiting"],
  [
    "forks fail",
    { ...withLimits(healthy, fullPids), signals: { ...healthy.signals, pidsMax: 9 }, rates: { ...rates, pidsMax: 2 } },
    "pids-limit",
  ],
  [
    "forks have failed and it is still full",
    { ...withLimits(healthy, fullPids), signals: { ...healthy.signals, pidsMax: 9 }, stats: { ...stats, pids: 50 } },
    "pids-limit",
  ],
  [
    "forks fail for a group above, and v1 counts them here",
    {
      ...healthy,
      signals: { ...healthy.signals, pidsMax: 9 },
      rates: { ...rates, pidsMax: 2 },
      above: [{ path: "/ctr", pids: { limit: 10, usage: 7, refused: 0, file: "/f/pids.max" } }],
    },
    "pids-limit-above",
  ],
  [
    "forks fail for a group above",
    { ...healthy, above: [{ path: "/ctr", pids: { limit: 10, usage: 10, refused: 3, file: "/f/pids.max" } }] },
    "pids-limit-above",
  ],
  [
    "was stopped by a signal",
    {
      ...healthy,
      troubles: { looked: 3, stopped: [{ pid: 5, name: "app", isFirst: true, byDebugger: false }], outOfFiles: [] },
    },
    "stopped",
  ],
  [
    "has no file left",
    { ...healthy, troubles: { looked: 3, stopped: [], outOfFiles: [{ pid: 5, name: "app", open: 16, limit: 16 }] } },
    "files-used-up",
  ],
  ["is paused", { ...healthy, signals: { ...healthy.signals, frozen: true } }, "frozen"],
  ["quota", withPressure(healthy, { cpu: waiting(0.6) }, { throttledShare: 0.8, throttledTime: 1 }), "cpu-throttled"],
  [
    "quota of a group above",
    {
      ...withPressure(healthy, { cpu: waiting(0.6) }),
      above: [
        { path: "/ctr", cpu: { cpus: 1, throttledShare: 0.7, periods: 10, throttledPeriods: 7, file: "/f/cpu.stat" } },
      ],
    },
    "cpu-throttled-above",
  ],
  [
    "pinned",
    withLimits(withPressure(healthy, { cpu: waiting(0.6) }, { cpus: 0.99 }), reading("cpusetCpus", "2")),
    "cpuset-full",
  ],
  ["others use the CPUs", withPressure(healthy, { cpu: waiting(0.6) }), "cpu-contended"],
  ["uses all CPUs", withPressure(healthy, { cpu: waiting(0.6) }, { cpus: 3.9 }), "cpu-contended"],
  [
    "above its soft limit",
    withLimits(withPressure(healthy, { memory: waiting(0.4) }, { memoryHigh: 7 }), reading("memoryHigh", 20 * MIB)),
    "memory-high",
  ],
  [
    "too little memory",
    { ...withPressure(healthy, { memory: waiting(0.2) }), stats: { ...stats, memoryUsage: 63 * MIB } },
    "memory-tight",
  ],
  [
    "swaps",
    { ...withPressure(healthy, { memory: waiting(0.2) }), stats: { ...stats, swapUsage: 20 * MIB } },
    "swapping",
  ],
  [
    "the machine is short of memory",
    { ...withPressure(healthy, { memory: waiting(0.2) }), host: { ...healthy.host, memoryAvailable: 50 * MIB } },
    "host-memory",
  ],
  [
    "disk limits",
    withLimits(withPressure(healthy, { io: waiting(0.7) }), reading("deviceWriteBps", [{ device: "8:0", value: MIB }])),
    "io-throttled",
  ],
  ["the disk is slow", withPressure(healthy, { io: waiting(0.7) }), "io-contended"],
  ["a limit was changed", withLimits(healthy, reading("pids", 7, { asked: 50 })), "limit-drift"],
];

describe("explain", () => {
  it("has nothing to say of a container that is well", () => {
    assert.deepEqual(explain(healthy), []);
    const { rates: _rates, ...unwatched } = healthy;
    assert.deepEqual(explain(unwatched), []);
    assert.deepEqual(explain({ ...healthy, exit: { code: 0, time: 1, asked: "nothing" } }), []);
    assert.deepEqual(explain({ ...healthy, exit: { code: 143, time: 1, asked: "stop" } }), []);
    assert.deepEqual(explain({ ...healthy, exit: { code: 1, time: 1, asked: "nothing" } }), []);
  });

  it("takes words for what they are only where it failed, and nobody stopped it", () => {
    const lastWords = ["Too many open files", "No space left on device", "Resource temporarily unavailable"];
    assert.deepEqual(codes(ended(0, { lastWords })), []);
    assert.deepEqual(codes(ended(1, { lastWords: ["File too large", "can't fork"] })), [], "no such limit");
    assert.deepEqual(codes({ ...healthy, program: { ...program, lastWords } }), [], "it runs");
    assert.deepEqual(codes({ ...ended(139, { lastWords }), exit: { code: 139, time: 1, asked: "stop" } }), []);
    assert.deepEqual(codes(ended(1, { restarts: 2 })), [], "it was not ready at once");
  });

  it("tells memory that no process holds", () => {
    const [verdict] = explain({ ...oomed, victims: [{ ...victim, limit: 64 * MIB, filesInMemory: 50 * MIB }] });
    assert.match(verdict?.explanation ?? "", /50MiB of what was in use were files in \/dev\/shm or on a tmpfs/);
    const [other] = explain({ ...oomed, victims: [{ ...victim, limit: 64 * MIB, filesInMemory: MIB }] });
    assert.doesNotMatch(other?.explanation ?? "", /tmpfs/);
  });

  it("is not misled by what looks alike", () => {
    // Throttled now and then, busy but not waiting, near its limit without waiting, refusals of long ago elsewhere.
    assert.deepEqual(codes(withPressure(healthy, {}, { throttledShare: 0.09, cpus: 0.5 })), []);
    assert.deepEqual(codes({ ...healthy, stats: { ...stats, memoryUsage: 64 * MIB } }), []);
    assert.deepEqual(codes({ ...healthy, signals: { ...healthy.signals, pidsMax: 9 } }), [], "refusals of long ago");
    assert.deepEqual(
      codes(withLimits(healthy, reading("memory", 64 * MIB - 4096, { asked: 64 * MIB }))),
      [],
      "whole pages",
    );
    assert.deepEqual(codes(withLimits(healthy, reading("cpusetCpus", "0-1", { asked: "0,1" }))), []);
    assert.deepEqual(
      codes({ ...healthy, above: [{ path: "/ctr", memory: above.memory }] }),
      [],
      "a full group kills nobody yet",
    );
  });

  for (const [name, facts, ...expected] of FAULTS) {
    it(`${name}: ${expected.join(", ")}`, () => {
      const verdicts = explain(facts);
      assert.deepEqual(
        verdicts.map(({ code }) => code),
        expected,
      );
      for (const { title, explanation, evidence, fixes } of verdicts) {
        assert.match(title, /^[A-Z0-9].*\.$/s);
        assert.match(explanation, /^\S.*\.$/s);
        assert.doesNotMatch(title + explanation, /undefined|NaN|Infinity/);
        assert.ok(evidence.length > 0 && fixes.length > 0);
        for (const { file, value, meaning } of evidence) {
          assert.match(file, /^\//);
          assert.ok(meaning !== "" && !/undefined|NaN/.test(value + meaning), `${value} ${meaning}`);
        }
        for (const { text, command } of fixes) assert.ok(text !== "" && command?.includes("undefined") !== true);
      }
    });
  }

  it("every cause is caused here", () => {
    const caused = new Set(FAULTS.flatMap(([, , ...expected]) => expected));
    assert.deepEqual([...caused].sort(), CAUSES.map(({ code }) => code).sort());
  });

  it("survives being written down: facts and verdicts are plain data", () => {
    for (const [, facts] of FAULTS) {
      const copy = JSON.parse(JSON.stringify(facts)) as Facts;
      assert.deepEqual(codes(copy), codes(facts));
    }
  });

  it("names who died, for whom, beside whom, and the command that would help", () => {
    const neighbour = { pid: 42, name: "sh", rss: MIB, swap: 0, oomScoreAdj: 0 };
    const [verdict] = explain({ ...oomed, victims: [{ ...victim, candidates: [...victim.candidates, neighbour] }] });
    assert.equal(verdict?.title, "It was killed at its own memory limit of 64MiB.");
    assert.match(
      verdict?.explanation ?? "",
      /chose worker \(process 41\), which held 51MiB\. Beside it there were sh \(42, 1MiB\)/,
    );
    assert.equal(verdict?.fixes[0]?.command, "ctr limit set web --memory 96m");
    assert.equal(verdict?.count, 1);
  });
});
