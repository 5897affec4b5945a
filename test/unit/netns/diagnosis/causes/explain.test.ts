import assert from "node:assert/strict";
import { codesOf, codesThat, Damaged } from "./damaged.ts";
import { egress, published } from "./flows/case.ts";
import { FIREWALL } from "./flows/firewall.ts";
import { LINKS } from "./flows/links.ts";
import { NAMES } from "./flows/names.ts";
import { PROGRAMS } from "./flows/programs.ts";
import { ROUTING } from "./flows/routing.ts";
import { TRANSLATION } from "./flows/translation.ts";
import { UNKNOWN } from "./flows/unknown.ts";

const CASES = [...FIREWALL, ...TRANSLATION, ...LINKS, ...ROUTING, ...NAMES, ...PROGRAMS, ...UNKNOWN];

/** Asked of no flow, or only of what this fixture cannot show. */
const ELSEWHERE = ["CTRN119", "CTRN317"];

describe("why a flow fails", () => {
  for (const { code, what, behind, flow, damage, route, ends, seen: observe } of CASES) {
    it(`${code}: ${what}`, () => {
      const host = new Damaged();
      damage?.(host);
      const report = host.explain(host.flow(flow?.(host)), ends?.(host) ?? [], observe?.(host), route?.(host));
      const expected = behind === undefined ? [code] : [behind, code];
      assert.deepEqual(codesOf(report.findings).slice(0, expected.length), expected, JSON.stringify(report.findings));
      const texts = report.findings.flatMap(({ title, explanation, object, evidence, fix }) => [
        ...[title, explanation, object],
        ...evidence.flatMap(({ source, value, expected = "" }) => [source, value, expected]),
        ...(fix === undefined ? [] : [fix.text, ...fix.commands.flat()]),
      ]);
      for (const text of texts) assert.doesNotMatch(text, /undefined|NaN|\[object/);
      for (const { title } of report.findings) assert.match(title, /^[A-Z0-9].*\.$/s);
      if (code !== "CTRN110") assert.notEqual(report.result, "REACHABLE");
    });
  }

  it("is looked for by each cause that can explain a flow", () => {
    const covered = new Set([...CASES.map(({ code }) => code), ...ELSEWHERE]);
    assert.deepEqual(
      codesThat("explain").filter((code) => !covered.has(code)),
      [],
    );
  });

  it("says nothing of a flow that arrives", () => {
    const host = new Damaged();
    for (const flow of [{}, egress(), published()])
      assert.deepEqual(codesOf(host.explain(host.flow(flow), []).findings), []);
  });
});
