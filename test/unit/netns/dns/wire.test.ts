import assert from "node:assert/strict";
import fc from "fast-check";
import { addressBytes, addressText, reverseName } from "../../../../netns/dns/wire/address.ts";
import { answersQuery, answerTexts, lifetimeOf } from "../../../../netns/dns/wire/message.ts";
import { encodeName, keyOfName, nameOfKey, readName, skipName } from "../../../../netns/dns/wire/name.ts";
import { parseQuery, type Query } from "../../../../netns/dns/wire/query.ts";
import { reply } from "../../../../netns/dns/wire/reply.ts";
import { addressRecord, header, queryFor, responseTo, soaRecord, wireName } from "./messages.ts";

const label = fc.stringMatching(/^[a-zA-Z0-9_-]{1,20}$/);
const name = fc.array(label, { minLength: 1, maxLength: 6 }).map((labels) => labels.join("."));
const ipv4 = fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }).map((bytes) => Buffer.from(bytes));
const ipv6 = fc
  .array(fc.constantFrom(0, 0, 0, 1, 0xfe, 0xff), { minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes));

function parsed(message: Buffer): Query {
  const query = parseQuery(message);
  assert(typeof query === "object");
  return query;
}

describe("DNS names", () => {
  it("come back from the wire as they were", () => {
    fc.assert(fc.property(name, (text) => assert.equal(readName(encodeName(text) ?? Buffer.alloc(0), 0), text)));
  });

  it("are equal whatever the case of their letters, also where labels hold odd bytes", () => {
    fc.assert(
      fc.property(name, (text) => {
        assert.equal(keyOfName(text.toUpperCase()), keyOfName(text.toLowerCase()));
        assert.equal(nameOfKey(keyOfName(text) ?? ""), text.toLowerCase());
        assert.equal(parsed(queryFor(text)).key, keyOfName(text));
      }),
    );
    assert.notEqual(keyOfName("É"), keyOfName("é"));
  });

  it("are refused when a label or the whole is too long or empty", () => {
    assert.equal(keyOfName("a".repeat(64)), undefined);
    assert.equal(keyOfName("a..b"), undefined);
    assert.equal(keyOfName(Array(128).fill("a").join(".")), undefined);
    assert.notEqual(keyOfName(Array(127).fill("a").join(".")), undefined);
  });

  it("are followed through pointers that lead back, and through no others", () => {
    const message = Buffer.from([...wireName("example"), 3, 119, 119, 119, 0xc0, 0]);
    assert.equal(readName(message, 9), "www.example");
    assert.equal(readName(Buffer.from([0xc0, 0]), 0), undefined);
    assert.equal(readName(Buffer.from([0xc0, 2, 0xc0, 0]), 0), undefined);
    assert.equal(readName(Buffer.from([1, 97, 0xc0, 0]), 0), undefined);
    assert.equal(skipName(Buffer.from([1, 97, 0xc0, 0]), 0), 4);
  });

  it("end for any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (bytes, offset) => {
        readName(bytes, offset);
        skipName(bytes, offset);
      }),
    );
  });
});

describe("addresses in DNS", () => {
  it("come back from their text", () => {
    fc.assert(fc.property(fc.oneof(ipv4, ipv6), (bytes) => assert.deepEqual(addressBytes(addressText(bytes)), bytes)));
    assert.equal(addressText(addressBytes("2001:0db8:0:0:1:0:0:1")), "2001:db8::1:0:0:1");
    assert.deepEqual(addressBytes("::ffff:10.0.0.1").subarray(10), Buffer.from([255, 255, 10, 0, 0, 1]));
    assert.throws(() => addressBytes("fe80::1%eth0"), TypeError);
    assert.throws(() => addressBytes("web"), TypeError);
  });

  it("have names to be translated back by", () => {
    assert.equal(reverseName("172.18.0.2"), "2.0.18.172.in-addr.arpa");
    assert.equal(reverseName("fd00::2"), `2.${"0.".repeat(29)}d.f.ip6.arpa`);
  });
});

describe("DNS queries", () => {
  it("are read as they were written", () => {
    const parts = fc.record({ type: fc.nat(0xffff), class: fc.nat(0xffff), id: fc.nat(0xffff) });
    fc.assert(
      fc.property(name, parts, fc.option(fc.nat(0xffff), { nil: undefined }), (text, values, ednsSize) => {
        const query = parsed(queryFor(text, { ...values, ...(ednsSize === undefined ? {} : { ednsSize }) }));
        assert.deepEqual([query.type, query.class], [values.type, values.class]);
        assert.equal(query.edns?.udpSize, ednsSize === undefined ? undefined : Math.max(512, ednsSize));
      }),
    );
  });

  it("are told from what is none", () => {
    assert.equal(parseQuery(Buffer.alloc(11)), undefined, "no header");
    assert.equal(parseQuery(queryFor("web", { flags: 0x8000 })), undefined, "an answer");
    assert.equal(parseQuery(queryFor("web", { flags: 0x2000 })), 4, "another operation");
    assert.equal(parseQuery(Buffer.alloc(12)), 1, "no question");
    assert.equal(parseQuery(Buffer.concat([queryFor("web").subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])])), 1);
    const twoOpts = Buffer.concat([
      queryFor("web", { ednsSize: 512 }),
      queryFor("web", { ednsSize: 512 }).subarray(-11),
    ]);
    twoOpts.writeUInt16BE(2, 10);
    assert.equal(parseQuery(twoOpts), 1);
  });

  it("that are cut anywhere are an error or nothing", () => {
    const whole = queryFor("web.front", { ednsSize: 1232 });
    for (let length = 0; length < whole.length; length++) {
      assert(typeof parseQuery(whole.subarray(0, length)) !== "object", `${length} bytes`);
    }
  });

  it("may be any bytes", () => {
    const changed = fc
      .tuple(name, fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 8 }))
      .map(([text, changes]) => {
        const message = queryFor(text, { ednsSize: 4096 });
        for (const [at, value] of changes) if (at < message.length) message[at] = value;
        return message;
      });
    const random = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(changed, random), (message) => void parseQuery(message)),
      { numRuns: 2_000 },
    );
  });
});

describe("DNS replies", () => {
  it("keep number, letters and flags of the question", () => {
    const query = parsed(queryFor("WeB", { id: 0xbeef, flags: 0x0110 }));
    const message = reply(query, 0, true);
    assert.equal(message.readUInt16BE(2), 0x8190);
    assert.equal(message.subarray(12, query.questionEnd).toString("latin1"), "\x03WeB\0\0\x01\0\x01");
    assert.deepEqual(header(message), {
      id: 0xbeef,
      isResponse: true,
      isTruncated: false,
      rcode: 0,
      questions: 1,
      answers: 0,
      authority: 0,
      additional: 0,
    });
  });

  it("hold what was put in, the first one in its turn, and fit the client", () => {
    const addresses = fc.array(ipv4, { maxLength: 200 });
    fc.assert(
      fc.property(
        name,
        addresses,
        fc.option(fc.integer({ min: 512, max: 4096 }), { nil: undefined }),
        fc.nat(),
        (text, data, ednsSize, turn) => {
          const query = parsed(queryFor(text, ednsSize === undefined ? {} : { ednsSize }));
          const first = data.length === 0 ? 0 : turn % data.length;
          const message = reply(query, 0, true, { type: 1, ttl: 5, data }, first);
          assert(message.length <= (ednsSize ?? 512));
          const shown = answerTexts(message);
          assert.equal(header(message).isTruncated, shown.length < data.length);
          assert.deepEqual(
            shown,
            [...data.slice(first), ...data.slice(0, first)].map(addressText).slice(0, shown.length),
          );
          const whole = reply(query, 0, false, { type: 1, ttl: 5, data }, first);
          assert.equal(answerTexts(whole).length, data.length);
        },
      ),
    );
  });
});

describe("DNS answers of other servers", () => {
  const message = queryFor("www.example");
  const query = parsed(message);

  it("belong to their question alone", () => {
    assert(answersQuery(responseTo(message), query));
    assert(answersQuery(responseTo(queryFor("WWW.example")), query));
    assert(!answersQuery(responseTo(queryFor("xxx.example")), query));
    assert(!answersQuery(responseTo(queryFor("www.example", { type: 28 })), query));
    assert(!answersQuery(message, query), "a question");
    assert(!answersQuery(responseTo(message).subarray(0, 20), query), "cut");
  });

  it("are kept as long as the shortest of their records", () => {
    const answers = [addressRecord("192.0.2.1", 300), addressRecord("192.0.2.2", 60)];
    assert.equal(lifetimeOf(responseTo(message, { answers }))?.ttl, 60);
    assert.equal(lifetimeOf(responseTo(message, { answers, truncated: true })), undefined);
    assert.equal(lifetimeOf(responseTo(message, { answers, rcode: 2 })), undefined);
    assert.equal(lifetimeOf(responseTo(message, { answers: [addressRecord("192.0.2.1", 0xffff_ffff)] }))?.ttl, 0);
  });

  it("that there is nothing are kept as long as the zone says", () => {
    assert.equal(lifetimeOf(responseTo(message, { rcode: 3, authority: [soaRecord(900, 30)] }))?.ttl, 30);
    assert.equal(lifetimeOf(responseTo(message, { authority: [soaRecord(20, 300)] }))?.ttl, 20);
    assert.equal(lifetimeOf(responseTo(message, { rcode: 3 })), undefined);
  });

  it("are shown as text", () => {
    const answers = [
      addressRecord("192.0.2.1"),
      { type: 28, ttl: 1, data: [...addressBytes("fd00::2")] },
      { type: 5, ttl: 1, data: [3, 102, 111, 111, 0xc0, 16] },
      { type: 15, ttl: 1, data: [0, 10, ...wireName("mail.example")] },
      { type: 33, ttl: 1, data: [0, 1, 0, 2, 0, 80, ...wireName("web.example")] },
      { type: 16, ttl: 1, data: [2, 104, 105, 1, 34] },
      { type: 99, ttl: 1, data: [1, 2] },
      { type: 5, ttl: 1, data: [0xc0, 0xff] },
    ];
    assert.deepEqual(answerTexts(responseTo(message, { answers })), [
      "192.0.2.1",
      "fd00::2",
      "foo.example.",
      "10 mail.example.",
      "1 2 80 web.example.",
      '"hi" "\\""',
      "TYPE99 \\# 2 0102",
      "CNAME \\# 2 c0ff",
    ]);
  });

  it("may be any bytes", () => {
    const whole = responseTo(message, {
      answers: [addressRecord("192.0.2.1"), { type: 15, ttl: 1, data: [0, 1, 0xc0, 12] }],
      authority: [soaRecord(60, 60)],
    });
    const changed = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 }).map((changes) => {
      const copy = Buffer.from(whole);
      for (const [at, value] of changes) copy[at] = value;
      return copy;
    });
    const cut = fc.nat(whole.length).map((length) => whole.subarray(0, length));
    const random = fc.uint8Array({ minLength: 12, maxLength: 600 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(changed, cut, random), (bytes) => {
        if (!answersQuery(bytes, query) && bytes.length < 12) return;
        lifetimeOf(bytes);
        answerTexts(bytes);
      }),
      { numRuns: 2_000 },
    );
  });
});
