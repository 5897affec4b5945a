import assert from "node:assert/strict";
import fc from "fast-check";
import { CtrError } from "../../../lib/errors.ts";
import { parseDestination, parseSource } from "../../../runtime/diagnosis/ends.ts";

const name = fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,20}[a-zA-Z0-9]$/).filter((text) => {
  const reserved = ["host", "outside", "localhost"].includes(text);
  return !reserved && !/^[\d.]+$/.test(text);
});
const port = fc.integer({ min: 1, max: 65_535 });
const protocol = fc.constantFrom("tcp", "udp" as const);
const ipv4 = fc.ipV4();
const ipv6 = fc.ipV6().filter((text) => !text.includes("."));

const refused = (parse: () => unknown): CtrError => {
  try {
    parse();
  } catch (error) {
    assert.ok(error instanceof CtrError, String(error));
    return error;
  }
  throw new Error("it was taken");
};

describe("ends of a flow", () => {
  it("reads what it would write: a place, a port, a protocol", () => {
    const places = fc.oneof(
      name.map((text) => ({ text, place: { kind: "name", name: text } })),
      ipv4.map((text) => ({ text, place: { kind: "address", address: text } })),
      ipv6.map((text) => ({ text: `[${text}]`, place: { kind: "address", address: text } })),
      fc.constantFrom("host", "outside", "localhost").map((text) => ({ text, place: { kind: text } })),
      fc.constant({ text: "", place: { kind: "published" } }),
    );
    fc.assert(
      fc.property(places, port, protocol, fc.boolean(), ({ text, place }, number, word, isWritten) => {
        const suffix = isWritten || word === "udp" ? `/${word}` : "";
        const end = parseDestination(`${text}:${number}${suffix}`);
        assert.deepEqual(end, { place, port: number, protocol: suffix === "" ? "tcp" : word });
      }),
    );
  });

  it("throws nothing but errors with a hint, whatever is written", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z0-9.:/[\]-]{0,20}$/)), (text) => {
        for (const parse of [parseSource, parseDestination]) {
          try {
            parse(text);
          } catch (error) {
            assert.ok(error instanceof CtrError && error.kind === "invalid" && error.hint !== undefined, String(error));
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it("takes ICMP without a port, and refuses one", () => {
    assert.deepEqual(parseDestination("api/icmp"), {
      place: { kind: "name", name: "api" },
      protocol: "icmp",
      port: undefined,
    });
    assert.match(refused(() => parseDestination("api:80/icmp")).message, /no ports/);
  });

  it("takes an IPv6 address without brackets where no port follows", () => {
    assert.deepEqual(parseDestination("fd00::2:80").place, { kind: "address", address: "fd00::2:80" });
    assert.equal(parseDestination("fd00::2:80").port, undefined);
    assert.deepEqual(parseSource("[fd00::2]"), { kind: "address", address: "fd00::2" });
  });

  it("takes what people paste: a URL, with its own port or that of its scheme", () => {
    assert.deepEqual(parseDestination("http://api:8080/path?a=b"), {
      place: { kind: "name", name: "api" },
      protocol: "tcp",
      port: 8080,
    });
    assert.equal(parseDestination("https://user@example.com").port, 443);
  });

  it("says what is wrong", () => {
    for (const [text, expected] of [
      ["api:0", /port/],
      ["api:70000", /port/],
      ["api:http", /port/],
      ["api:80/sctp", /protocol/],
      ["[api]:80", /IPv6/],
      ["", /destination/],
      ["a b:80", /destination/],
    ] as const) {
      assert.match(refused(() => parseDestination(text)).message, expected, text);
    }
    assert.match(refused(() => parseSource("web:80")).message, /has a port/);
    assert.match(refused(() => parseSource("")).message, /source/);
  });
});
