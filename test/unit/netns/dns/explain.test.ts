import assert from "node:assert/strict";
import { CtrError } from "../../../../lib/errors.ts";
import { candidates, explain } from "../../../../netns/dns/explain.ts";
import { creationScript, replacementScript } from "../../../../netns/dns/redirect.ts";
import { addressRecord, responseTo } from "./messages.ts";

const resolver = { search: ["example.com", "."], options: ["ndots:0"] };

describe("explaining a name", () => {
  it("tries what resolv.conf says, in its order", () => {
    assert.deepEqual(candidates("web", resolver), ["web", "web.example.com"]);
    assert.deepEqual(candidates("web.", resolver), ["web"]);
    assert.deepEqual(candidates("web", { ...resolver, options: ["edns0", "ndots:1"] }), ["web.example.com", "web"]);
    assert.deepEqual(candidates("a.b", { ...resolver, options: ["ndots:1"] }), ["a.b", "a.b.example.com"]);
  });

  it("goes on to the next domain where there is nothing, and stops at an answer", async () => {
    const asked: string[] = [];
    const explanation = await explain("web", undefined, resolver, async (message) => {
      const name = message.toString("latin1", 13, 16);
      asked.push(name);
      const isFirst = asked.length === 1;
      return {
        message: responseTo(message, isFirst ? { rcode: 3 } : { answers: [addressRecord("192.0.2.1")] }),
        source: { kind: "server", server: "10.0.0.1", from: "host" },
      };
    });
    assert.deepEqual(
      explanation.steps.map(({ question, status, answers }) => [question, status, ...answers]),
      [
        ["web", "NXDOMAIN"],
        ["web.example.com", "NOERROR", "192.0.2.1"],
      ],
    );
    assert.equal(explanation.type, "A");
  });

  it("translates addresses back", async () => {
    const asked: Buffer[] = [];
    const { type, steps } = await explain("10.0.0.1", undefined, resolver, async (message) => {
      asked.push(message);
      return { message: responseTo(message, { rcode: 3 }), source: { kind: "none", reason: "." } };
    });
    assert.deepEqual([type, steps[0]?.question, asked.length], ["PTR", "1.0.0.10.in-addr.arpa", 1]);
  });

  it("refuses what is no name or no type", async () => {
    const never = async (): Promise<never> => assert.fail("asked");
    await assert.rejects(explain("a..b", undefined, resolver, never), CtrError);
    await assert.rejects(explain("web", "NONSENSE", resolver, never), CtrError);
  });
});

describe("the way to the server's port", () => {
  const table = `table ip ctr-names {
  chain output {
    type filter hook output priority raw; policy accept;
    ip daddr 127.0.0.11 udp dport 53 udp dport set 40000 notrack
    ip saddr 127.0.0.11 udp sport 40000 udp sport set 53 notrack
    ip daddr 127.0.0.11 tcp dport 53 tcp dport set 40000 notrack
    ip saddr 127.0.0.11 tcp sport 40000 tcp sport set 53 notrack
  }
}
`;

  it("rewrites port numbers each way and tracks nothing", () => {
    assert.equal(creationScript(40_000), `create table ip ctr-names\n${table}`);
  });

  it("replaces what is there whole", () => {
    assert.equal(replacementScript(40_000), `table ip ctr-names {}\ndelete table ip ctr-names\n${table}`);
  });
});
