import assert from "node:assert/strict";
import { exitCodeOf } from "../../../../bin/cli/diagnosis/exit-codes.ts";
import { parseExpectations } from "../../../../bin/cli/diagnosis/expectations.ts";
import { doctorText } from "../../../../bin/cli/format/diagnosis/doctor.ts";
import { shellLine } from "../../../../bin/cli/format/diagnosis/findings.ts";
import { traceText, whyText } from "../../../../bin/cli/format/diagnosis/flow.ts";
import { matrixText } from "../../../../bin/cli/format/diagnosis/matrix.ts";
import { paintFor, plain } from "../../../../bin/cli/format/diagnosis/paint.ts";
import { overlayOf, overlayText } from "../../../../bin/cli/map/overlay.ts";
import { mapSvg } from "../../../../bin/cli/map/svg.ts";
import { mapText } from "../../../../bin/cli/map/text.ts";
import { topologyOf } from "../../../../bin/cli/map/topology.ts";
import type { DoctorReport, Finding } from "../../../../netns/index.ts";
import type { MatrixPair } from "../../../../runtime/index.ts";
import { FINDING, MAP, REPORT } from "./reports.ts";

const lines = (text: string): string[] => text.split("\n");

describe("the answer of ctr net why", () => {
  it("begins with the verdict and the cause, then what speaks for it, then what to type", () => {
    const text = whyText(REPORT, { paint: plain, width: 80 });
    const [first = "", second = ""] = lines(text);
    assert.match(
      first,
      /^UNREACHABLE {2}web \(10\.10\.1\.2\) → api:8080 \(10\.10\.1\.3\) {3}no answer for 1\.2 s, 3 attempts$/,
    );
    assert.equal(second, "The host does not pass packets on.");
    assert.match(text, /CTRN101 error {2}sysctl net\.ipv4\.ip_forward {2}\(confirmed\)/);
    assert.match(text, /Evidence\n {4}\/proc\/sys\/net\/ipv4\/ip_forward: 0 {3}\(expected: 1\)/);
    assert.match(text, /What helps\n {4}Switch it on\.\n {6}\$ sysctl -w net\.ipv4\.ip_forward=1\n {4}--fix does it\./);
    assert.ok(text.indexOf("Evidence") < text.indexOf("What helps"));
  });

  it("tells further causes in short, and what was not looked at", () => {
    const second: Finding = { ...FINDING, code: "CTRN201", title: "Nobody answers." };
    const text = whyText(
      { ...REPORT, findings: [FINDING, second], notChecked: [{ what: "XDP", why: "no bpftool" }] },
      { paint: plain, width: 80 },
    );
    assert.match(text, /\nAlso\n {2}CTRN201 error/);
    assert.match(text, /not checked: XDP \(no bpftool\)/);
  });

  it("says of what is not ctr's that --fix leaves it alone, and of what is as it should be nothing", () => {
    const foreign = { ...FINDING, fix: { text: "Ask its owner.", commands: [], owned: false, action: undefined } };
    assert.match(
      whyText({ ...REPORT, findings: [foreign] }, { paint: plain, width: 80 }),
      /for you to do: --fix leaves it alone/,
    );
  });

  it("is coloured on terminals alone, and says the same without", () => {
    assert.equal(paintFor({ isTTY: false }, {})("red", "x"), "x");
    assert.equal(paintFor({ isTTY: true }, { NO_COLOR: "1" })("red", "x"), "x");
    const paint = paintFor({ isTTY: true }, {});
    const coloured = whyText(REPORT, { paint, width: 80 });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colour is made of
    assert.equal(coloured.replace(/\x1b\[\d+m/g, ""), whyText(REPORT, { paint: plain, width: 80 }));
    assert.notEqual(coloured, whyText(REPORT, { paint: plain, width: 80 }));
  });
});

describe("the table of ctr net trace", () => {
  const table = (width: number | undefined): string[] =>
    lines(traceText(REPORT, { paint: plain, width, withReturn: false })).filter((line) => /^ ?(#|\d) /.test(line));

  it("has a line a step, with what the model says and what was seen", () => {
    const [heading = "", first = "", second = ""] = table(200);
    assert.match(heading, /# +WHERE +DEVICE +CHECK +MODEL +LIVE +EVIDENCE/);
    assert.match(first, /1 +web +eth0 +route .* ok +seen +ip route get/);
    assert.match(second, /2 +host +ctr0 .* ENDS +ENDS +sysctl/);
  });

  it("fits every terminal", () => {
    for (const width of [60, 72, 80, 100, 132]) {
      for (const line of table(width)) assert.ok([...line].length <= width, `${width}: ${line}`);
    }
    assert.ok(!table(60).join().includes("EVIDENCE"), "where there is no room the evidence goes first");
    assert.ok(table(60).every((line, index) => index === 0 || /ok|ENDS/.test(line)));
  });

  it("shows the way back when it is asked for", () => {
    const back = REPORT.there.slice(0, 1);
    const layout = { paint: plain, width: 100 };
    assert.match(traceText({ ...REPORT, back }, { ...layout, withReturn: true }), /The way back/);
    assert.doesNotMatch(traceText({ ...REPORT, back }, { ...layout, withReturn: false }), /The way back/);
  });
});

describe("exit codes of the diagnosis", () => {
  it("are those that scripts rely on", () => {
    assert.equal(exitCodeOf("REACHABLE"), 0);
    assert.equal(exitCodeOf("UNREACHABLE"), 1);
    assert.equal(exitCodeOf("PARTIAL"), 1);
    assert.equal(exitCodeOf("UNDETERMINED"), 4);
  });

  it("turn round when it has to be unreachable", () => {
    assert.equal(exitCodeOf("REACHABLE", true), 1);
    assert.equal(exitCodeOf("UNREACHABLE", true), 0);
    assert.equal(exitCodeOf("PARTIAL", true), 1);
    assert.equal(exitCodeOf("UNDETERMINED", true), 4);
  });
});

describe("what the doctor says", () => {
  const report: DoctorReport = {
    schema: "ctr.net.doctor/1",
    healthy: false,
    scopes: [
      { name: "host", checks: 40, findings: 1 },
      { name: "container web", checks: 40, findings: 0 },
    ],
    findings: [FINDING],
    flows: [],
    notChecked: [],
    milliseconds: 300,
  };

  it("begins with what is wrong", () => {
    const text = doctorText(report, plain);
    assert.match(text, /^UNHEALTHY {2}1 error {3}0\.3 s\n/);
    assert.match(text, /CTRN101 error/);
    assert.match(text, /The host does not pass packets on\./);
    assert.match(text, /Looked for 40 known causes of trouble\.\nFound in: host \(1\)\nAll well: {2}container web/);
  });

  it("is short when all is well", () => {
    const text = doctorText({ ...report, healthy: true, findings: [], scopes: [] }, plain);
    assert.equal(lines(text)[0], "HEALTHY  nothing is wrong with the network   0.3 s");
  });
});

describe("the matrix", () => {
  const pair = (from: string, to: string, verdict: MatrixPair["verdict"]): MatrixPair => ({
    ...{ from, to, kind: "container", because: "both are on network front", verdict },
    expected: verdict === "unexpected allow" ? "unreachable" : "reachable",
    result: verdict === "unexpected deny" ? "UNREACHABLE" : "REACHABLE",
    cause: verdict === "as expected" ? undefined : { code: "CTRN101", title: "It is off.", confidence: "likely" },
  });

  it("shows what is otherwise first, with its cause, and counts", () => {
    const pairs = [
      pair("a", "b:1", "as expected"),
      pair("b", "a:1", "unexpected allow"),
      pair("c", "a:1", "unexpected deny"),
    ];
    const text = matrixText(
      { schema: "ctr.net.matrix/1", healthy: false, pairs, notChecked: [], milliseconds: 10 },
      plain,
      false,
    );
    const [, first = "", second = "", third = ""] = lines(text);
    assert.match(first, /^b +a:1 +unreachable +reachable +unexpected allow +CTRN101 It is off\./);
    assert.match(second, /^c .*unexpected deny/);
    assert.match(third, /^a .*as expected +both are on network front/);
    assert.match(text, /3 pairs: 1 as expected, 1 unexpected deny, 1 unexpected allow/);
  });

  it("leaves many good ones out", () => {
    const pairs = Array.from({ length: 30 }, (_, index) => pair(`c${index}`, "b:1", "as expected"));
    const report = { schema: "ctr.net.matrix/1", healthy: true, pairs, notChecked: [], milliseconds: 10 } as const;
    assert.doesNotMatch(matrixText(report, plain, false), /c7/);
    assert.match(matrixText(report, plain, true), /c7/);
  });

  it("reads pairs from YAML and from JSON", () => {
    const expected = [
      { from: "web", to: "db:5432", expect: "unreachable" },
      { from: "web", to: "api:80", expect: "reachable" },
    ];
    const yaml = "- { from: web, to: 'db:5432', expect: unreachable }\n- from: web\n  to: api:80\n";
    assert.deepEqual(parseExpectations(yaml, "policy.yaml"), expected);
    assert.deepEqual(parseExpectations(JSON.stringify({ pairs: expected }), "policy.json"), expected);
  });

  it("says which pair of the file is wrong", () => {
    for (const [content, message] of [
      ["[]", /a list of pairs/],
      ["- { from: web }", /pair 1 needs from and to/],
      ["- { from: a, to: 'b:1' }\n- { from: a, to: 'b:1', expect: maybe }", /pair 2: expect must be/],
      ["- { from: a, to: 'b:1', port: 2 }", /unknown key port/],
      ["{", /policy/],
    ] as const) {
      assert.throws(() => parseExpectations(content, "policy.yaml"), message);
    }
  });
});

describe("commands to paste", () => {
  it("are quoted for a shell", () => {
    assert.equal(
      shellLine(["nft", "add", "rule", "inet", "f", "fwd", 'iifname "ctr0"']),
      `nft add rule inet f fwd 'iifname "ctr0"'`,
    );
    assert.equal(shellLine(["echo", "it's"]), `echo 'it'\\''s'`);
    assert.equal(
      shellLine(["nsenter", "--target", "$(ctr inspect -f '{{.State.Pid}}' web)"]),
      "nsenter --target $(ctr inspect -f '{{.State.Pid}}' web)",
    );
  });
});

describe("a trace on the map", () => {
  const overlay = overlayOf(REPORT, MAP);

  it("knows where the packet passed and where it ended", () => {
    assert.deepEqual(
      overlay.stops.map(({ name, ends }) => [name, ends]),
      [
        ["web", false],
        ["front", true],
      ],
    );
    assert.equal(
      overlayText(overlay),
      "web → api:8080   UNREACHABLE\n  web ══▶ front ══✗ forwarding is off\n  CTRN101: The host does not pass packets on.\n",
    );
  });

  it("has boxes for the host and the outside where the packet passes them", () => {
    const [step] = REPORT.there;
    const there = [
      ...(step === undefined ? [] : [step]),
      ...["host", "outside"].map((where) => ({
        ...({ hop: undefined, where, text: "on", model: "ok", live: "seen", evidence: [] } as const),
      })),
    ];
    const beside = overlayOf({ ...REPORT, there }, MAP);
    const text = mapText(topologyOf(MAP), beside);
    assert.match(text, /^host {3}this machine itself {3}══$/m);
    assert.match(text, /^outside {3}beyond the host's uplinks {3}══$/m);
    const boxes = (svg: string): number => svg.split("<rect").length;
    assert.equal(boxes(mapSvg(topologyOf(MAP), beside)), boxes(mapSvg(topologyOf(MAP))) + 2);
  });

  it("marks the lines of the text", () => {
    const text = mapText(topologyOf(MAP), overlay);
    assert.match(text, /^front .* ══✗$/m);
    assert.match(text, /web .* ══$/m);
    assert.doesNotMatch(text, /api .*══/);
    assert.doesNotMatch(mapText(topologyOf(MAP)), /══/);
  });

  it("is drawn over the cables, and told in words below", () => {
    const svg = mapSvg(topologyOf(MAP), overlay);
    assert.match(svg, /stroke-dasharray="2 5"/);
    assert.match(svg, /stroke="#c00"/);
    assert.match(svg, /web ══▶ front ══✗/);
    assert.doesNotMatch(mapSvg(topologyOf(MAP)), /stroke-dasharray="2 5"/);
  });
});
