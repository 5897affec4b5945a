import assert from "node:assert/strict";
import { changesOf } from "../../../../../netns/diagnosis/causes/translated.ts";
import type { Hop, Walk } from "../../../../../netns/diagnosis/types/index.ts";
import { Damaged } from "./damaged.ts";

describe("what others change in a packet", () => {
  const flow = new Damaged().flow();
  const walkOver = (table: string, chain: string, text: string): Walk => {
    const hook = { family: "ip", table, chain, hook: "prerouting", priority: -100 };
    const hop: Hop = {
      ...{ place: "host", stage: "hook", device: undefined, hook, text, verdict: "translate", evidence: [] },
      ...{ packet: { source: "", destination: "", sourcePort: 0, destinationPort: 0 }, death: undefined },
    };
    return { flow, there: [hop], back: [], result: "arrives", arrivesAt: undefined, deaths: [], unknowns: [] };
  };

  it("is what rules of others do", () => {
    const text =
      'iptables-nft nat PREROUTING: rule "-A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 192.0.2.9"';
    assert.equal(changesOf(walkOver("nat", "PREROUTING", text))[0]?.what, "destination");
    assert.equal(changesOf(walkOver("x", "y", 'ip x y: rule "ip ttl set 1"'))[0]?.what, "hops");
    assert.equal(changesOf(walkOver("x", "y", 'ip x y: rule "ip checksum set 4660"'))[0]?.what, "checksum");
  });

  it("is not what the engine's own rules do, by either backend", () => {
    const text =
      'iptables-nft nat PREROUTING: rule "-A CTR-PORTS -p tcp --dport 80 -j DNAT --to-destination 10.0.0.2:80"';
    assert.deepEqual(changesOf(walkOver("nat", "PREROUTING", text)), []);
    assert.deepEqual(changesOf(walkOver("ctr", "hostports", 'inet ctr prerouting: rule "dnat"')), []);
  });
});
