import assert from "node:assert/strict";
import { Cache, cacheKey } from "../../../../netns/dns/cache.ts";
import { type Asked, type InquiryTimes, inquire } from "../../../../netns/dns/inquiry.ts";
import { type Settle, UpstreamError } from "../../../../netns/dns/upstream.ts";
import { parseQuery, type Query } from "../../../../netns/dns/wire/query.ts";
import { addressRecord, header, type QueryParts, queryFor, responseTo, soaRecord } from "./messages.ts";

function parsed(name: string, parts: QueryParts = {}): Query {
  const query = parseQuery(queryFor(name, parts));
  assert(typeof query === "object");
  return query;
}

const query = parsed("www.example");
const found = responseTo(query.message, { answers: [addressRecord("192.0.2.1")] });
const nothing = responseTo(query.message, { rcode: 3, authority: [soaRecord(60, 60)] });
const failure = responseTo(query.message, { rcode: 2 });
const refused = new UpstreamError("refused");

/** Short: the tests wait for them. The deadline is far, but where it is tested. */
const TIMES: InquiryTimes = { patience: 5, silence: 20, deadline: 5_000, suspicion: 1_000 };

/** A server that does the given things with one question after the other; the last one again and again. */
class FakeServer implements Asked {
  readonly address: string;
  suspectUntil = 0;
  asked = 0;
  cancelled = 0;
  readonly #results: readonly (Buffer | UpstreamError | "silence")[];

  constructor(address: string, ...results: readonly (Buffer | UpstreamError | "silence")[]) {
    this.address = address;
    this.#results = results;
  }

  ask(_query: Query, _overUdp: boolean, settle: Settle): () => void {
    const result = this.#results[Math.min(this.asked++, this.#results.length - 1)];
    if (result instanceof UpstreamError) settle(result);
    else if (result !== undefined && result !== "silence") setImmediate(settle, result);
    return () => {
      this.cancelled++;
    };
  }
}

const ask = async (servers: readonly FakeServer[], times = TIMES): Promise<readonly [string | undefined, number]> => {
  const result = await inquire(servers, query, true, times);
  return [result?.server, result === undefined ? -1 : header(result.message).rcode];
};

describe("asking other servers", () => {
  it("asks the first one alone when it answers", async () => {
    const servers = [new FakeServer("one", found), new FakeServer("two", found)];
    assert.deepEqual(await ask(servers, { ...TIMES, patience: 1_000 }), ["one", 0]);
    assert.equal(servers[1]?.asked, 0);
  });

  it("asks the next one besides a silent one, and the silent one last from then on", async () => {
    const servers = [new FakeServer("one", "silence"), new FakeServer("two", "silence", found)];
    assert.deepEqual(await ask(servers), ["two", 0]);
    assert((servers[0]?.suspectUntil ?? 0) > performance.now());
    const before = servers[0]?.asked;
    assert.deepEqual(await ask(servers, { ...TIMES, patience: 1_000 }), ["two", 0]);
    assert.equal(servers[0]?.asked, before);
  });

  it("asks the next one at once after an error, of whatever kind", async () => {
    for (const result of [failure, refused, responseTo(query.message, { rcode: 5 })]) {
      const slow = { ...TIMES, patience: 4_000, silence: 4_000 };
      assert.deepEqual(await ask([new FakeServer("one", result), new FakeServer("two", found)], slow), ["two", 0]);
    }
  });

  it("believes the first one that there is nothing", async () => {
    assert.deepEqual(await ask([new FakeServer("one", nothing), new FakeServer("two", found)]), ["one", 3]);
  });

  it("believes a later one that there is nothing only when those before it have failed", async () => {
    const late = new FakeServer("one", "silence", found);
    assert.deepEqual(await ask([late, new FakeServer("two", nothing)]), ["two", 3]);
    assert((late.suspectUntil ?? 0) > 0, "it was waited for");
    const patient = { ...TIMES, patience: 1, silence: 4_000 };
    const slow: Asked = {
      address: "slow",
      suspectUntil: 0,
      ask: (_query, _overUdp, settle) => {
        const timer = setTimeout(settle, 30, found);
        return () => clearTimeout(timer);
      },
    };
    const result = await inquire([slow, new FakeServer("two", nothing)], query, true, patient);
    assert.equal(result?.server, "slow");
  });

  it("asks again when all are silent, because packets get lost", async () => {
    const server = new FakeServer("one", "silence", "silence", found);
    assert.deepEqual(await ask([server]), ["one", 0]);
    assert.equal(server.asked, 3);
  });

  it("gives the error of a server when no other says better", async () => {
    assert.deepEqual(await ask([new FakeServer("one", failure), new FakeServer("two", refused)]), ["one", 2]);
    assert.deepEqual(await ask([new FakeServer("one", refused)]), [undefined, -1]);
    assert.deepEqual(await ask([]), [undefined, -1]);
  });

  it("gives up in time, and takes every question back", async () => {
    const servers = [new FakeServer("one", "silence"), new FakeServer("two", "silence")];
    assert.deepEqual(await ask(servers, { ...TIMES, deadline: 50 }), [undefined, -1]);
    for (const { asked, cancelled } of servers) assert(cancelled >= asked);
  });
});

describe("the memory of answers", () => {
  const key = cacheKey("host", query) ?? "";

  it("gives the same answer with the number and letters of the new question, and counts down", () => {
    const cache = new Cache();
    cache.put(key, found, "192.0.2.53", 1_000);
    const again = parsed("WWW.example", { id: 7 });
    const cached = cache.get(key, again, 11_000);
    assert.equal(cached?.server, "192.0.2.53");
    assert.equal(header(cached.message).id, 7);
    assert.equal(cached.message.toString("latin1", 12, 17), "\x03WWW\x07");
    assert.equal(cached.message.readUInt32BE(query.questionEnd + 6), 50);
    assert.equal(cache.get(key, again, 61_000), undefined);
    assert.equal(cache.size, 0);
  });

  it("keeps nothing that may not be kept", () => {
    const cache = new Cache();
    for (const message of [failure, responseTo(query.message, { rcode: 3 }), Buffer.alloc(12)]) {
      cache.put(key, message, "s", 0);
    }
    assert.equal(cache.size, 0);
  });

  it("tells questions apart that may get different answers", () => {
    const keys = [
      query,
      parsed("www2.example"),
      parsed("www.example", { type: 28 }),
      parsed("www.example", { flags: 0 }),
      parsed("www.example", { ednsSize: 1232 }),
    ].map((each) => cacheKey("host", each));
    assert.equal(new Set([...keys, cacheKey("c1", query)]).size, 6);
    assert.equal(cacheKey("host", parsed("WWW.example")), key);
    const edns = { udpSize: 512, version: 0, dnssec: false, hasOptions: true };
    assert.equal(cacheKey("host", { ...query, edns }), undefined);
  });

  it("is bounded, and lets go of what was not used for longest", () => {
    const cache = new Cache(4_000);
    for (let index = 0; index < 100; index++) {
      cache.put(`${index}`, found, "s", 0);
      cache.get("0", query, 0);
    }
    assert(cache.size < 15);
    assert.notEqual(cache.get("0", query, 0), undefined);
    assert.equal(cache.get("1", query, 0), undefined);
    assert.notEqual(cache.get("99", query, 0), undefined);
  });

  it("forgets what a sandbox asked its own servers", () => {
    const cache = new Cache();
    const other = cacheKey("c1 10.0.0.1", query) ?? "";
    cache.put(key, found, "s", 0);
    cache.put(other, found, "s", 0);
    cache.forgetScope("c1 10.0.0.1");
    assert.equal(cache.get(other, query, 0), undefined);
    assert.notEqual(cache.get(key, query, 0), undefined);
  });
});
