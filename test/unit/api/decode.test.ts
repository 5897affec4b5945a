import assert from "node:assert/strict";
import fc from "fast-check";
import { cleanPath } from "../../../runtime/api/clean-path.ts";
import { decodeExecCreate } from "../../../runtime/api/decode/exec-request.ts";
import { matchesGlob, matchesPattern, parseFilters } from "../../../runtime/api/decode/filters.ts";
import { parsePlatform } from "../../../runtime/api/decode/platform.ts";
import { parseRegistryAuth } from "../../../runtime/api/decode/registry-auth.ts";
import { parseTime } from "../../../runtime/api/decode/times.ts";
import { encodeFrame } from "../../../runtime/api/frames.ts";
import { parseListenAddress } from "../../../runtime/api/listen-address.ts";
import { splitVersion } from "../../../runtime/api/versions.ts";

describe("fields of a body", () => {
  it("have names in any case", () => {
    assert.deepEqual(decodeExecCreate({ cmd: ["true"], detachKeys: "ctrl-p", Resources: { memory: 5 }, own: 1 }), {
      Cmd: ["true"],
      DetachKeys: "ctrl-p",
      Resources: { Memory: 5 },
      own: 1,
    });
  });
  it("are told by their own names when they are wrong", () =>
    assert.throws(() => decodeExecCreate({ tty: 1 }), { message: "invalid JSON: Tty must be true or false" }));
});

describe("splitVersion", () => {
  it("takes the newest without a version", () => {
    assert.deepEqual(splitVersion("/containers/json"), { version: 51, path: "/containers/json" });
  });
  it("splits", () => assert.deepEqual(splitVersion("/v1.24/info"), { version: 24, path: "/info" }));
  it("lets what follows the minor number be", () =>
    assert.deepEqual(splitVersion("/v1.45.1/info"), { version: 45, path: "/info" }));
  it("leaves what is no version", () => assert.equal(splitVersion("/vx/info").path, "/vx/info"));
  for (const path of ["/v1.52/info", "/v2.0/info", "/v2/info", "/v1/info", "/v1.23/info", "/v0.99/info"]) {
    it(`refuses ${path}`, () => assert.throws(() => splitVersion(path), { status: 400 }));
  }
});

describe("cleanPath", () => {
  for (const [path, clean] of [
    ["/", "/"],
    ["/containers/json", "/containers/json"],
    ["//containers/json", "/containers/json"],
    ["/v1.45//containers//json", "/v1.45/containers/json"],
    ["/containers/../_ping", "/_ping"],
    ["/./networks//", "/networks/"],
    ["/../..", "/"],
    ["/images/a..b/.c/json", "/images/a..b/.c/json"],
  ] as const) {
    it(`makes ${clean} of ${path}`, () => assert.equal(cleanPath(path), clean));
  }
  it("leaves what is clean", () =>
    fc.assert(
      fc.property(fc.array(fc.constantFrom("a", ".", "..", "", "b.c", "...")), (parts) => {
        const clean = cleanPath(`/${parts.join("/")}`);
        assert.equal(cleanPath(clean), clean);
        assert.doesNotMatch(clean, /\/\/|\/\.{1,2}(?:\/|$)/);
      }),
    ));
});

describe("parseFilters", () => {
  it("reads both forms", () => {
    for (const json of ['{"label":["a=1","b"]}', '{"label":{"a=1":true,"b":true,"c":false}}']) {
      assert.deepEqual(parseFilters(json, ["label"]).values("label"), ["a=1", "b"]);
    }
  });
  for (const json of ["x", "[]", "null", '{"other":["a"]}', '{"label":"a"}', '{"label":[1]}']) {
    it(`refuses ${json}`, () => assert.throws(() => parseFilters(json, ["label"]), { status: 400 }));
  }
  it("matches labels: all wanted, none unwanted", () => {
    const fits = (json: string) => parseFilters(json, ["label", "label!"]).labels({ a: "1", b: "" });
    assert.deepEqual(
      ['{"label":["a"]}', '{"label":["a=1","b"]}', '{"label":["a=2"]}', '{"label!":["a=1"]}', '{"label!":["c"]}'].map(
        fits,
      ),
      [true, true, false, false, true],
    );
  });
  it("matches patterns as Docker does", () => {
    assert.ok(matchesPattern("^web", "web1"));
    assert.ok(matchesPattern("we", "web"));
    assert.equal(matchesPattern("^b$", "web"), false);
    assert.throws(() => matchesPattern("(", "web"), { status: 400 });
    assert.ok(matchesGlob("busy*", "busybox"));
    assert.equal(matchesGlob("*", "team/app"), false);
    assert.ok(matchesGlob("team/*", "team/app"));
  });
});

describe("encodeFrame", () => {
  it("can be read back, any number in a row", () => {
    const chunk = fc.record({ stream: fc.constantFrom("stdout" as const, "stderr" as const), data: fc.uint8Array() });
    fc.assert(
      fc.property(fc.array(chunk), (chunks) => {
        let rest = Buffer.concat(chunks.map(({ stream, data }) => encodeFrame(stream, data)));
        for (const { stream, data } of chunks) {
          const length = rest.readUInt32BE(4);
          assert.deepEqual([...rest.subarray(0, 4)], [stream === "stdout" ? 1 : 2, 0, 0, 0]);
          assert.deepEqual(rest.subarray(8, 8 + length), Buffer.from(data));
          rest = rest.subarray(8 + length);
        }
        assert.equal(rest.length, 0);
      }),
    );
  });
});

describe("parseListenAddress", () => {
  const cases: readonly (readonly [string, object])[] = [
    ["unix:///run/ctr/ctr.sock", { kind: "unix", path: "/run/ctr/ctr.sock" }],
    ["tcp://127.0.0.1:2376", { kind: "tcp", host: "127.0.0.1", port: 2376 }],
    ["tcp://:2375", { kind: "tcp", host: "0.0.0.0", port: 2375 }],
    ["tcp://", { kind: "tcp", host: "127.0.0.1", port: 2375 }],
    ["tcp://[::1]:80", { kind: "tcp", host: "::1", port: 80 }],
    ["tcp://host", { kind: "tcp", host: "host", port: 2375 }],
  ];
  for (const [text, address] of cases) {
    it(`reads ${text}`, () => assert.deepEqual(parseListenAddress(text), address));
  }
  for (const text of ["/run/x", "unix://x", "fd://", "tcp://a:b", "tcp://a:70000", "", `unix:///${"x".repeat(108)}`]) {
    it(`refuses ${text.slice(0, 20)}`, () => assert.throws(() => parseListenAddress(text), { status: 400 }));
  }
});

describe("parseTime", () => {
  it("reads seconds with a fraction, RFC 3339 and ages", () => {
    assert.equal(parseTime("1700000000.5"), 1_700_000_000_500_000);
    assert.equal(parseTime("1700000000.123456789"), 1_700_000_000_123_456);
    assert.equal(parseTime("2026-01-01T00:00:00Z"), 1_767_225_600_000_000);
    assert.ok(Math.abs((parseTime("10m") ?? 0) / 1000 - (Date.now() - 600_000)) < 1000);
  });
  it("takes 0 and nothing as none", () =>
    assert.deepEqual([parseTime("0"), parseTime(undefined)], [undefined, undefined]));
  it("refuses others", () => assert.throws(() => parseTime("yesterday"), { status: 400 }));
});

describe("parseRegistryAuth", () => {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  it("reads credentials", () => {
    const credentials = { username: "a", password: "b" };
    assert.deepEqual(parseRegistryAuth(encode({ ...credentials, serveraddress: "x" })), credentials);
  });
  it("takes empty ones as none", () => {
    assert.deepEqual([undefined, "", encode({}), encode(null)].map(parseRegistryAuth), Array(4).fill(undefined));
  });
  it("refuses what is no JSON", () => assert.throws(() => parseRegistryAuth("!!!"), { status: 400 }));
});

describe("parsePlatform", () => {
  it("reads a platform", () => {
    assert.deepEqual(parsePlatform("linux/arm64/v8"), { os: "linux", architecture: "arm64", variant: "v8" });
    assert.equal(parsePlatform(undefined), undefined);
  });
  for (const text of ["linux", "a/b/c/d", "/x"]) {
    it(`refuses ${text}`, () => assert.throws(() => parsePlatform(text), { status: 400 }));
  }
});
