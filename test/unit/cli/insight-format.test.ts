/** What `ctr limit explain`, `events` and `advise` print. */
import { deepEqual, doesNotMatch, equal, match } from "node:assert/strict";
import { adviceText } from "../../../bin/cli/format/advice.ts";
import { explanationText } from "../../../bin/cli/format/explanation.ts";
import { limitEventLine } from "../../../bin/cli/format/limit-events.ts";
import { wrap } from "../../../bin/cli/format/paragraph.ts";
import { explain } from "../../../cgroups/index.ts";
import type { ContainerAdvice, Explanation, LimitEvent } from "../../../runtime/index.ts";
import { healthy, MIB, victim } from "../cgroups/facts.ts";

const NOW = Date.parse("2026-11-24T12:00:00Z");
const LAYOUT = { verbose: false, now: NOW };

const well: Explanation = {
  id: "1",
  name: "web",
  status: "running",
  headline: "web is well: no limit holds it back.",
  verdicts: [],
  seconds: 10.4,
  looked: [
    { what: "memory", text: "30MiB of 64MiB" },
    { what: "CPU", text: "0.20 of 0.5 CPUs", file: "/sys/fs/cgroup/cpu.stat" },
  ],
  processes: [],
  notes: [],
};

const exit = { code: 137, time: NOW - 120_000, asked: "nothing" } as const;
const oomed = explain({ ...healthy, exit, signals: { oomKills: 1 }, victims: [victim] });

describe("an explanation", () => {
  it("of one that is well says what was looked at", () => {
    equal(
      explanationText(well, LAYOUT),
      "web is well: no limit holds it back.\n\n  Looked at, over 10 s\n    memory   30MiB of 64MiB\n    CPU      0.20 of 0.5 CPUs\n",
    );
  });

  it("begins with the answer, then what speaks for it, then what helps", () => {
    const killed = { ...well, headline: "web was killed (exit code 137).", verdicts: oomed, exit };
    const processes = [{ pid: 41, name: "worker", memory: 51 * MIB, oomScoreAdj: 300, killed: true as const }];
    const text = explanationText({ ...killed, processes }, LAYOUT);
    const [headline, title, empty] = text.split("\n");
    deepEqual(
      [headline, title, empty],
      ["web was killed (exit code 137).", "It was killed at its own memory limit of 64MiB.", ""],
    );
    const order = [
      "Evidence",
      "/cgroup/ctr/web/memory.events",
      "What helps",
      "ctr limit set web --memory",
      "worker (killed)",
    ];
    const places = order.map((word) => text.indexOf(word));
    deepEqual(
      places,
      places.toSorted((a, b) => a - b),
    );
    doesNotMatch(text, /Looked at/);
    match(explanationText({ ...killed, processes }, { ...LAYOUT, verbose: true }), /Looked at/);
  });

  it("tells of the time and the run before, and of what could not be found out", () => {
    const earlier = { since: NOW - 3_600_000, verdicts: oomed };
    const text = explanationText({ ...well, earlier, previous: { exit, verdicts: oomed }, notes: ["No log."] }, LAYOUT);
    match(text, /On the whole, over the last about an hour:\n {2}It was killed/);
    match(text, /Its run before this one ended 2 minutes ago \(exit code 137\):\n.*\n {4}ctr limit set web/);
    match(text, /\nNo log\.\n$/);
  });

  it("breaks lines at spaces, and leaves long words whole", () => {
    equal(wrap("aa bb cc", "  ", 40), "  aa bb cc\n");
    const path = "/a".repeat(60);
    equal(wrap(`see ${path} there`, "", 40), `see\n${path}\nthere\n`);
  });
});

describe("an event of a limit", () => {
  const head = { id: "1", name: "web", path: "/ctr/web", time: NOW };
  const detail = (event: LimitEvent): string => limitEventLine(event).replace(/^.{19} web /, "");
  const share = { ...head, state: "above", share: 0.5, threshold: 0.2 } as const;

  for (const [event, expected] of [
    [{ ...head, type: "oom", kills: 1, victims: [] }, "oom: a process was killed for lack of memory"],
    [
      { ...head, type: "oom", kills: 1, victims: [victim] },
      "oom: killed worker (process 41, 51MiB, oom_score_adj 0): its own memory limit was reached",
    ],
    [
      { ...head, type: "oom", kills: 1, victims: [{ ...victim, limitGroup: "/ctr/shop.group" }] },
      "oom: killed worker (process 41, 51MiB, oom_score_adj 0): the memory limit of /ctr/shop.group was reached",
    ],
    [
      { ...head, type: "oom", kills: 1, victims: [{ ...victim, reason: "host" }] },
      "oom: killed worker (process 41, 51MiB, oom_score_adj 0): the machine was out of memory",
    ],
    [{ ...head, type: "limit", limit: "pids", count: 3 }, "limit: a new process was refused, 3 times"],
    [{ ...share, type: "throttled" }, "throttled: its CPU time is used up in 50 % of the periods"],
    [{ ...share, type: "throttled", state: "below", share: 0 }, "throttled: no more, in 0 % of the periods"],
    [{ ...share, type: "pressure", resource: "io", kind: "some" }, "pressure: it waits for the disk 50 % of the time"],
  ] as const satisfies readonly (readonly [LimitEvent, string])[]) {
    it(expected, () => equal(detail(event), expected));
  }
});

describe("advice", () => {
  const advice = {
    id: "1",
    name: "web",
    seconds: 60,
    samples: 60,
    ended: false,
    proposals: [],
  } as unknown as ContainerAdvice;

  it("says so when the limits fit", () => {
    equal(adviceText(advice), "web: its limits fit (recorded for 60 s, 60 samples).\n");
  });

  it("gives reasons, and the command", () => {
    const proposal = {
      limit: "memory",
      present: undefined,
      proposed: 96 * MIB,
      flag: "--memory",
      text: "96m",
    } as const;
    const proposals = [{ ...proposal, reasons: ["It held 70MiB at most."], confidence: "low" as const }];
    equal(
      adviceText({ ...advice, proposals, command: "ctr limit set web --memory 96m" }),
      [
        "web: recorded for 60 s, 60 samples",
        "",
        "  --memory 96m   (now no limit)",
        "    It held 70MiB at most.",
        "",
        "This was too short to rely on: record it for at least 5 minutes of its usual and of its hardest work",
        "(--for 10m).",
        "",
        "Put this in force:",
        "  ctr limit set web --memory 96m",
        "",
      ].join("\n"),
    );
  });
});
