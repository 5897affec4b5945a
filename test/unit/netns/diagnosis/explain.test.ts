import assert from "node:assert/strict";
import { explainFlow } from "../../../../netns/diagnosis/explain.ts";
import type { Attempt, FlowReport, TracedVerdict } from "../../../../netns/diagnosis/types/index.ts";
import { CONNECTED, codesOf, Damaged, type Ending, REFUSED, SILENCE, seen } from "./causes/damaged.ts";

const FOREIGN: Ending = {
  kind: "filter-drop",
  place: "host",
  facts: {
    ...{ place: "host", family: "inet", table: "x", chain: "y", hook: "forward", priority: 0, policy: true },
    ...{ backend: "nft", ours: false, ruleText: "" },
  },
};
const RANDOM: Ending = {
  ...FOREIGN,
  facts: { ...FOREIGN.facts, limit: true, ruleText: "numgen random mod 2 < 1 drop" },
};
const NOBODY: Ending = { kind: "no-listener", seen: "refused", facts: { port: 8000, protocol: "tcp" } };

const brief = ({ result, predicted, observed, agreement, findings }: FlowReport) => ({
  ...{ result, predicted, observed, agreement },
  findings: findings.map(({ code, confidence }) => `${code} ${confidence}`),
});

describe("the report on a flow", () => {
  const host = new Damaged();
  const flow = host.flow();
  const api = host.container("api").id;
  const report = (deaths: readonly Ending[], attempts?: readonly Attempt[]) =>
    brief(host.explain(flow, deaths, attempts === undefined ? undefined : seen(attempts)));

  it("goes by the state where nothing was sent", () => {
    assert.deepEqual(report([]), {
      ...{ result: "REACHABLE", predicted: "REACHABLE", observed: undefined, agreement: undefined, findings: [] },
    });
    assert.deepEqual(report([FOREIGN]), {
      ...{ result: "UNREACHABLE", predicted: "UNREACHABLE", observed: undefined, agreement: undefined },
      findings: ["CTRN104 likely"],
    });
  });

  it("confirms what the state says and a packet shows", () => {
    assert.deepEqual(report([FOREIGN], [SILENCE]), {
      ...{ result: "UNREACHABLE", predicted: "UNREACHABLE", observed: "UNREACHABLE", agreement: true },
      findings: ["CTRN104 confirmed"],
    });
    // A refusal is no silence: something else answered.
    assert.deepEqual(report([FOREIGN], [REFUSED]).findings, ["CTRN104 likely"]);
    assert.deepEqual(report([{ ...NOBODY, place: api }], [REFUSED]).findings, ["CTRN601 confirmed"]);
  });

  it("believes a packet more than the state, and says that they differ", () => {
    assert.deepEqual(report([FOREIGN], [CONNECTED]), {
      ...{ result: "REACHABLE", predicted: "UNREACHABLE", observed: "REACHABLE", agreement: false },
      findings: ["CTRN901 confirmed"],
    });
    assert.deepEqual(report([], [SILENCE]), {
      ...{ result: "UNREACHABLE", predicted: "REACHABLE", observed: "UNREACHABLE", agreement: false },
      findings: ["CTRN900 possible", "CTRN901 confirmed"],
    });
  });

  it("knows packets that pass now and then", () => {
    assert.deepEqual(report([RANDOM], [SILENCE, CONNECTED]), {
      ...{ result: "PARTIAL", predicted: "PARTIAL", observed: "PARTIAL", agreement: true },
      findings: ["CTRN116 confirmed"],
    });
    assert.equal(report([RANDOM], [SILENCE]).result, "PARTIAL");
    assert.equal(report([RANDOM]).result, "PARTIAL");
  });

  it("knows connections that are made and never answered", () => {
    const stuck: Ending = { kind: "program-stuck", place: api, facts: { reason: "frozen" }, seen: "accepted-silence" };
    assert.deepEqual(report([stuck], [CONNECTED]), {
      ...{ result: "UNREACHABLE", predicted: "UNREACHABLE", observed: "REACHABLE", agreement: true },
      findings: ["CTRN606 confirmed"],
    });
  });

  it("does not guess about datagrams that nobody has to answer", () => {
    const datagram = host.flow({ protocol: "udp", to: api });
    const silent = host.explain(datagram, [], seen([SILENCE]));
    assert.deepEqual([silent.result, silent.agreement], ["UNDETERMINED", undefined]);
    const step = { place: api, direction: "there", device: "eth0", event: "received", at: 1 } as const;
    assert.equal(host.explain(datagram, [], seen([SILENCE], { devices: [step] })).result, "REACHABLE");
    assert.equal(host.explain(datagram, [FOREIGN], seen([SILENCE])).result, "UNREACHABLE");
  });

  it("takes what a condition that cannot be told may end for a possibility, and a packet for the judge", () => {
    const doubt: Ending = { ...FOREIGN, facts: { ...FOREIGN.facts, uncertain: true } };
    const ask = (attempts: readonly Attempt[] | undefined, protocol: "tcp" | "udp" = "tcp") => {
      const context = host.context({ ...flow, protocol }, [doubt], attempts === undefined ? undefined : seen(attempts));
      const walk = { ...context.walk, result: "unknown", unknowns: ["whether it drops"] } as const;
      const { result, findings } = brief(explainFlow({ ...context, walk }));
      return [result, ...findings];
    };
    assert.deepEqual(ask(undefined), ["UNDETERMINED", "CTRN104 possible"]);
    assert.deepEqual(ask([SILENCE]), ["UNREACHABLE", "CTRN104 likely"]);
    assert.deepEqual(ask([CONNECTED]), ["REACHABLE"]);
    assert.deepEqual(ask([SILENCE], "udp"), ["UNREACHABLE", "CTRN104 likely"]);
  });

  it("does not take a rule that answers in the server's place for the server", () => {
    const proxy: Ending = { ...FOREIGN, facts: { ...FOREIGN.facts, uncertain: true, ruleText: "synproxy mss 1460" } };
    const verdict: TracedVerdict = {
      ...{ place: "host", direction: "back", family: "inet", table: "x", chain: "y", kind: "rule", handle: 2 },
      ...{ verdict: "stolen", target: undefined, inputDevice: undefined, outputDevice: undefined, at: 1 },
      packet: undefined,
    };
    const stolen = host.explain(flow, [proxy], seen([CONNECTED], { verdicts: [verdict] }));
    assert.deepEqual([stolen.result, ...codesOf(stolen.findings)], ["UNREACHABLE", "CTRN104"]);
    assert.match(stolen.summary, /it is connected, and nobody answers/);
    const { result } = host.explain(flow, [], seen([CONNECTED], { verdicts: [{ ...verdict, direction: "there" }] }));
    assert.equal(result, "REACHABLE");
  });

  it("lists independent faults in the order of the way", () => {
    const down = new Damaged();
    down.cable("web").up = false;
    const ends: Ending[] = [
      { kind: "no-carrier", place: down.container("web").id, device: "eth0", facts: { device: "eth0" } },
      FOREIGN,
      { ...NOBODY, place: api },
    ];
    assert.deepEqual(brief(down.explain(down.flow(), ends, seen([SILENCE]))).findings, [
      "CTRN301 confirmed",
      "CTRN104 likely",
      "CTRN601 likely",
    ]);
  });

  it("puts the way there before the way back", () => {
    const back: Ending = { ...FOREIGN, direction: "back", facts: { ...FOREIGN.facts, table: "z" } };
    const objects = host.explain(flow, [back, { ...NOBODY, place: api }]).findings.map(({ code }) => code);
    assert.deepEqual(objects, ["CTRN601", "CTRN104"]);
  });

  it("names what a packet shows and the state does not", () => {
    const verdict: TracedVerdict = {
      ...{ place: "host", direction: "there", family: "inet", table: "late", chain: "f0", kind: "policy" },
      ...{ handle: undefined, verdict: "drop", target: undefined, inputDevice: "br", outputDevice: "br", at: 3 },
      packet: undefined,
    };
    const late = host.explain(flow, [], seen([SILENCE], { verdicts: [verdict] }));
    assert.deepEqual(codesOf(late.findings), ["CTRN104", "CTRN901"]);
    assert.equal(late.findings[0]?.object, "table inet late, chain f0");
    assert.deepEqual(late.there.map(({ model, live, text }) => [model, live, text]).at(-1), [
      "-",
      "died",
      "inet late, chain f0: drop",
    ]);
  });

  it("confirms a step by its own trace", () => {
    const verdict: TracedVerdict = {
      ...{ place: "host", direction: "there", family: "inet", table: "x", chain: "y", kind: "policy" },
      ...{ handle: undefined, verdict: "drop", target: undefined, inputDevice: "br", outputDevice: "br", at: 3 },
      packet: undefined,
    };
    const { findings } = host.explain(flow, [FOREIGN], seen([SILENCE], { verdicts: [verdict] }));
    assert.deepEqual(codesOf(findings), ["CTRN104"]);
    assert(findings[0]?.evidence.some(({ source, value }) => source === "packet" && value.includes("policy drop")));
  });

  it("says in two lines what happens and why", () => {
    const lines = (deaths: readonly Ending[], attempts: readonly Attempt[]): string[] =>
      host.explain(flow, deaths, seen(attempts)).summary.split("\n");
    assert.equal(host.explain(flow, []).summary.split("\n")[0], "web should reach api:8000; no packet was sent.");
    assert.deepEqual(lines([], [CONNECTED]), ["web reaches api:8000 (0.4 ms).", "Nothing stands in the way."]);
    assert.deepEqual(lines([{ ...NOBODY, place: api }], [REFUSED]), [
      "web does not reach api:8000: the connection is refused (after 0.4 ms, ECONNREFUSED).",
      "The network is fine: the packet arrives at container api, where no program listens on port 8000/tcp. (CTRN601)",
    ]);
    assert.equal(
      lines([RANDOM], [SILENCE, CONNECTED])[0],
      "web reaches api:8000 only in part: 1 of 2 attempts got through.",
    );
  });

  it("keeps what could not be read or decided", () => {
    const bare = new Damaged();
    bare.snapshot.notRead.push({ what: "iptables-legacy in host", why: "no permission" });
    const context = bare.context(bare.flow(), [], seen([], { notSeen: [{ what: "drops", why: "no tracefs" }] }));
    const { notChecked } = bare.explain(context.flow, [], context.observations);
    assert.deepEqual(
      notChecked.map(({ what }) => what),
      ["iptables-legacy in host", "drops"],
    );
  });
});
