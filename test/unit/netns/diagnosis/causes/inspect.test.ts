import assert from "node:assert/strict";
import type { Finding } from "../../../../../netns/diagnosis/types/index.ts";
import { codesOf, codesThat, Damaged } from "./damaged.ts";
import { FIREWALL } from "./states/firewall.ts";
import { HEALTHY } from "./states/healthy.ts";
import { LINKS } from "./states/links.ts";
import { NAMES } from "./states/names.ts";
import { PROGRAMS } from "./states/programs.ts";
import { ROUTING } from "./states/routing.ts";
import { TRANSLATION } from "./states/translation.ts";

const FOUND = [...FIREWALL, ...TRANSLATION, ...LINKS, ...ROUTING, ...NAMES, ...PROGRAMS];

describe("what is wrong with a host's state", () => {
  for (const [code, what, damage] of FOUND) {
    it(`${code}: ${what}`, () => {
      const host = new Damaged();
      damage(host);
      const findings = host.inspect();
      assert.deepEqual([...new Set(codesOf(findings))], [code], JSON.stringify(findings, null, 1));
      for (const finding of findings) assertTells(finding);
    });
  }

  for (const [what, change] of HEALTHY) {
    it(`nothing: ${what}`, () => {
      const host = new Damaged();
      change(host);
      assert.deepEqual(host.inspect(), []);
    });
  }

  it("is looked for by each cause that can be read from the state alone", () => {
    assert.deepEqual([...new Set(FOUND.map(([code]) => code))].sort(), codesThat("inspect").sort());
  });

  it("says what follows of a fault only as that fault", () => {
    const host = new Damaged();
    host.bridge("front").up = false;
    host.bridge("front").addresses = [];
    for (const name of ["web", "api"]) Object.assign(host.cable(name).port ?? {}, { state: "disabled" });
    assert.deepEqual(codesOf(host.inspect()), ["CTRN302"]);
  });

  it("is only a warning where nobody uses it", () => {
    const host = new Damaged();
    for (const container of host.snapshot.intent.containers) container.running = false;
    host.bridge("front").up = false;
    assert.deepEqual(
      host.inspect().map(({ code, severity }) => [code, severity]),
      [["CTRN302", "warning"]],
    );
  });
});

function assertTells({ title, explanation, object, evidence, fix }: Finding): void {
  assert.match(title, /^[A-Z`].*\.$/s);
  assert(explanation.length > 40 && object !== "" && evidence.length > 0);
  assert(fix !== undefined && fix.text !== "");
  assert.equal(fix.owned, fix.action !== undefined);
  for (const text of [title, explanation, object, ...evidence.map(({ value }) => value), ...fix.commands.flat()]) {
    assert.doesNotMatch(text, /undefined|NaN|\[object/);
  }
}
