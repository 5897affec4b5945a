import assert from "node:assert/strict";
import type { Finding, FixAction } from "../../../netns/index.ts";
import { sysctlPath } from "../../../runtime/diagnosis/apply-action.ts";
import { decodeRequest } from "../../../runtime/diagnosis/decode-request.ts";
import { fixKey, plannedFixes } from "../../../runtime/diagnosis/fix.ts";

describe("requests to the diagnosis", () => {
  it("takes what the commands send", () => {
    const request = { kind: "flow", from: "web", to: "api:80", size: 1400, fix: true, skip: ["x"] };
    assert.deepEqual(decodeRequest(request), request);
    assert.deepEqual(decodeRequest({ kind: "doctor" }), { kind: "doctor" });
    decodeRequest({ kind: "matrix", expect: [{ from: "a", to: "b:1", expect: "unreachable" }] });
  });

  it("refuses what would silently do something else", () => {
    for (const [request, expected] of [
      [undefined, /object/],
      [[], /object/],
      [{ kind: "flows", from: "a", to: "b" }, /kind/],
      [{ kind: "constructor" }, /kind/],
      [{ kind: "flow", from: "web" }, /to is missing/],
      [{ kind: "flow", from: "web", to: "" }, /to must/],
      [{ kind: "flow", from: "web", to: "a:1", fixx: true }, /did you mean fix/],
      [{ kind: "flow", from: "web", to: "a:1", size: 20 }, /size/],
      [{ kind: "flow", from: "web", to: "a:1", bundle: "/etc/shadow" }, /unknown field bundle/],
      [{ kind: "matrix", expect: [{ from: "a", to: "b" }] }, /expect/],
    ] as const) {
      assert.throws(() => decodeRequest(request), expected, JSON.stringify(request));
    }
  });
});

const finding = (code: string, action: FixAction | undefined, more: Partial<Finding> = {}): Finding => ({
  ...{ code, severity: "error", object: code, title: "", explanation: "", evidence: [], confidence: "confirmed" },
  fix: { text: "", commands: [], owned: action !== undefined, action },
  position: undefined,
  ...more,
});

describe("what --fix does", () => {
  const sysctl: FixAction = { kind: "sysctl", place: "host", key: "net.ipv4.ip_forward", value: "1" };
  const run: FixAction = { kind: "run", place: "host", argv: ["ip", "link", "set", "ctr0", "up"] };

  it("does each action once, and nothing again that was done", () => {
    const findings = [finding("A", sysctl), finding("B", { kind: "repair" }), finding("C", { kind: "repair" })];
    assert.deepEqual(
      plannedFixes(findings, []).map(({ code }) => code),
      ["A", "B"],
    );
    assert.deepEqual(plannedFixes(findings, [fixKey(sysctl), fixKey({ kind: "repair" })]), []);
  });

  it("leaves alone what is not ctr's, and what is only to be known", () => {
    const foreign = finding("A", run);
    const notOwned = { ...foreign, fix: { text: "", commands: [], owned: false, action: run } };
    assert.deepEqual(
      plannedFixes([notOwned, finding("B", run, { severity: "note" }), finding("C", undefined)], []),
      [],
    );
  });

  it("writes keys of interfaces as files", () => {
    assert.equal(sysctlPath("net.ipv4.ip_forward"), "net/ipv4/ip_forward");
    assert.equal(sysctlPath("net.ipv4.conf.eth0.100.forwarding"), "net/ipv4/conf/eth0.100/forwarding");
    assert.equal(sysctlPath("net.ipv6.conf.all.forwarding"), "net/ipv6/conf/all/forwarding");
    assert.equal(sysctlPath("net.bridge.bridge-nf-call-iptables"), "net/bridge/bridge-nf-call-iptables");
  });
});
