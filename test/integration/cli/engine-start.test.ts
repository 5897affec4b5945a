/** `ctr` starts the engine where nothing listens; `ctrd` says what is wrong with its flags and its configuration. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PrivateHost } from "../../support/private-host.ts";
import { startHost, stopHost } from "./default-places.ts";

const bin = join(import.meta.dirname, "../../../bin");
const ctr = ["env", "-u", "CTR_HOST", "-u", "DOCKER_HOST", join(bin, "ctr")];

describe("the first ctr", () => {
  let host: PrivateHost;
  beforeEach(async () => {
    host = await startHost();
  });
  afterEach(() => stopHost(host));

  it("of root starts the engine, also when several begin at once", async () => {
    const answers = await Promise.all([1, 2, 3].map(() => host.run([...ctr, "ps", "-q"])));
    for (const { exitCode, stderr } of answers) assert.deepEqual([exitCode, stderr], [0, ""]);
    const pid = (await host.output(["cat", "/run/ctr/ctrd.pid"])).trim();
    assert.match(readFileSync(`/proc/${pid}/cmdline`, "utf8"), /ctrd|daemon/);
    await host.output([...ctr, "version"]);
    assert.equal((await host.output(["cat", "/run/ctr/ctrd.pid"])).trim(), pid);
    assert.match(await host.output(["cat", "/var/lib/ctr/ctrd.log"]), /The engine is ready/);
  });

  it("tells why the engine does not start", async () => {
    const { exitCode, stderr } = await host.run(["env", "PATH=/nowhere", join(bin, "ctr"), "ps"]);
    assert.equal(exitCode, 1);
    assert.match(stderr, /Cannot start the ctr engine/);
    assert.match(stderr, /conmon.* is not installed/);
    assert.match(stderr, /apt install conmon/);
  });

  it("starts none at an address that was named", async () => {
    const { exitCode, stderr } = await host.run([...ctr, "-H", "unix:///run/other.sock", "ps"]);
    assert.equal(exitCode, 1);
    assert.match(stderr, /Cannot connect to the ctr engine at unix:\/\/\/run\/other\.sock/);
  });
});

describe("ctrd", () => {
  let host: PrivateHost;
  let file: string;
  before(async () => {
    host = await PrivateHost.start();
    file = join(host.directory, "daemon.json");
  });
  after(() => host[Symbol.asyncDispose]());

  const ctrd = (...argv: readonly string[]) => host.run([join(bin, "ctrd"), ...argv]);

  const faults: readonly (readonly [content: string, place: string, words: RegExp])[] = [
    ['{\n  "mtuu": 1400\n}', ":2:3", /unknown key "mtuu"\s+did you mean "mtu"\?/],
    ['{\n  "debug": true,\n  "mtu": 12\n}', ":3:10", /"mtu" must be a whole number from 68 to 65535, not 12/],
    ['{ "bip": "10.0.0.1" }', ":1:10", /"bip" must be an address with prefix length/],
    ['{ "debug": true, "debug": false }', ":1:18", /twice/],
    ['{ "debug": tru }', "", /this is not JSON/],
    ["[]", "", /must hold one JSON object/],
  ];
  for (const [content, place, words] of faults) {
    it(`names the place of the fault in ${JSON.stringify(content)}`, async () => {
      writeFileSync(file, content);
      const { exitCode, stderr } = await ctrd("--config-file", file);
      assert.equal(exitCode, 1);
      assert.ok(stderr.includes(`${file}${place}: `), stderr);
      assert.match(stderr, words);
    });
  }

  it("refuses what is both a flag and a key", async () => {
    writeFileSync(file, '{ "log-level": "warn" }');
    const { exitCode, stderr } = await ctrd("--config-file", file, "--log-level", "info");
    assert.equal(exitCode, 1);
    assert.match(
      stderr,
      /both as a flag and in the configuration file: log-level: \(from flag: info, from file: warn\)/,
    );
  });

  it("refuses flags that it does not know, with the nearest one", async () => {
    const { exitCode, stderr } = await ctrd("--data-rot", "/tmp/x");
    assert.equal(exitCode, 125);
    assert.match(stderr, /unknown flag: --data-rot\nDid you mean --data-root\?/);
  });

  it("has help and a version", async () => {
    assert.match((await ctrd("--help")).stdout, /Usage: {2}ctrd \[OPTIONS\][\s\S]+Examples:/);
    assert.match((await ctrd("--version")).stdout, /^ctrd version \d/);
  });
});
