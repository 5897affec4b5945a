import assert from "node:assert/strict";
import { wantedElements } from "../../../../../netns/diagnosis/intended.ts";
import type { Snapshot } from "../../../../../netns/diagnosis/types/index.ts";
import { Saved } from "../../../../../netns/firewall/iptables/saved.ts";
import { replaceScript } from "../../../../../netns/firewall/iptables/scripts.ts";
import { codesOf, Damaged } from "./damaged.ts";

/** A host whose rules are iptables', all of them as the engine writes them. @param damage of the text of one family */
function hostWith(damage: (text: string) => string): Damaged {
  const host = new Damaged();
  host.snapshot.intent.settings.firewallBackend = "iptables";
  const entries = wantedElements(host.snapshot as Snapshot).map(({ entry }) => entry);
  host.host.iptables = ([4, 6] as const).map((family) => {
    const script = replaceScript(entries, family, new Saved("")).replaceAll(/^-I /gm, "-A ");
    return { family, mode: "nft", text: family === 4 ? damage(script) : script };
  });
  return host;
}

const without = (pattern: RegExp) => (text: string) =>
  text
    .split("\n")
    .filter((line) => !pattern.test(line))
    .join("\n");

describe("rules of the iptables backend that are gone", () => {
  it("are none where all are there", () => {
    const findings = hostWith((text) => text).inspect();
    assert.deepEqual(findings, [], JSON.stringify(findings, null, 1));
  });

  for (const [what, pattern, code] of [
    ["a published port", /--dport 8080/, "CTRN204"],
    ["the way to a published port", /-A CTR-PORTS /, "CTRN204"],
    ["a network's masquerading", /-A CTR-LEAVING -s/, "CTRN201"],
    ["containers of one network", /-A CTR-PAIRS/, "CTRN109"],
    ["what is translated", /ctstate DNAT -j ACCEPT/, "CTRN207"],
  ] as const) {
    it(`are told: ${what}`, () => {
      const findings = hostWith(without(pattern)).inspect();
      assert.deepEqual([...new Set(codesOf(findings))], [code], JSON.stringify(findings, null, 1));
      const [first] = findings;
      assert.match(first?.object ?? "", /^chains CTR-… of iptables, rules of /);
      assert.equal(first?.evidence[0]?.source, "iptables-save");
    });
  }
});
