import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { daemonHelp, parseDaemonFlags } from "../../../bin/daemon/flags.ts";
import { textLine } from "../../../bin/daemon/logging.ts";
import { readSettings } from "../../../bin/daemon/settings.ts";

describe("the settings of ctrd", () => {
  let directory: string;
  let path: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "ctr-daemon-"));
    path = join(directory, "daemon.json");
  });
  after(() => rmSync(directory, { recursive: true }));

  function settings(file: object, ...argv: readonly string[]) {
    writeFileSync(path, JSON.stringify(file));
    return readSettings(parseDaemonFlags(["--config-file", path, ...argv]));
  }

  it("have defaults", () => {
    assert.deepEqual(settings({}), {
      hosts: ["unix:///run/ctr/ctr.sock"],
      dataRoot: "/var/lib/ctr",
      execRoot: "/run/ctr",
      pidfile: "/run/ctr/ctrd.pid",
      bip: undefined,
      mtu: undefined,
      dns: [],
      dnsOptions: [],
      dnsSearch: [],
      logLevel: "info",
      logFormat: "text",
    });
  });

  const EXPECTED = {
    hosts: ["unix:///a.sock", "tcp://127.0.0.1:1"],
    dataRoot: "/data",
    execRoot: "/exec",
    pidfile: "/p",
    bip: "10.9.0.1/16",
    mtu: 1400,
    dns: ["1.1.1.1", "8.8.8.8"],
    dnsOptions: ["ndots:2"],
    dnsSearch: ["lan"],
    logLevel: "warn",
    logFormat: "json",
  };

  it("come from flags", () => {
    const flags = [
      ...["-H", "unix:///a.sock", "--host=tcp://127.0.0.1:1", "--data-root", "/data", "--exec-root", "/exec"],
      ...["-p", "/p", "--bip", "10.9.0.1/16", "--mtu", "1400", "--dns", "1.1.1.1", "--dns", "8.8.8.8"],
      ...["--dns-opt", "ndots:2", "--dns-search", "lan", "-l", "warn", "--log-format", "json"],
    ];
    assert.deepEqual(settings({}, ...flags), EXPECTED);
  });

  it("come from the file", () => {
    const file = {
      hosts: ["unix:///a.sock", "tcp://127.0.0.1:1"],
      "data-root": "/data",
      "exec-root": "/exec",
      pidfile: "/p",
      bip: "10.9.0.1/16",
      mtu: 1400,
      dns: ["1.1.1.1", "8.8.8.8"],
      "dns-opts": ["ndots:2"],
      "dns-search": ["lan"],
      "log-level": "warn",
      "log-format": "json",
    };
    assert.deepEqual(settings(file), EXPECTED);
    assert.equal(settings({ debug: true }).logLevel, "debug");
  });

  it("put the pid file into the exec-root", () => {
    assert.equal(settings({}, "--exec-root", "/run/other").pidfile, "/run/other/ctrd.pid");
  });

  it("make --debug stronger than a level", () => {
    assert.equal(settings({ "log-level": "error" }, "-D").logLevel, "debug");
  });

  it("refuse what is both in the file and on the command line, with dockerd's text", () => {
    assert.throws(
      () => settings({ bip: "10.1.0.1/24", dns: ["8.8.8.8"] }, "--bip", "10.2.0.1/24", "--dns", "1.1.1.1"),
      {
        code: "CTR_CONFIG_CONFLICT",
        message: `unable to configure ctrd with file ${path}: the following directives are specified both as a flag and in the configuration file: bip: (from flag: 10.2.0.1/24, from file: 10.1.0.1/24), dns: (from flag: [1.1.1.1], from file: [8.8.8.8])`,
      },
    );
  });

  it("refuse values that nothing can be made of, with their place", () => {
    const refused = (file: object, message: RegExp) => assert.throws(() => settings(file), { message });
    refused({ bip: "10.1.0.1" }, /daemon\.json:1:8: "bip" must be an address with prefix length/);
    refused({ dns: ["one"] }, /"dns" must be a list of IP addresses: "one" is none/);
    refused({ "log-level": "loud" }, /"log-level" must be one of "debug"/);
    refused({ "live-restor": true }, /unknown key "live-restor"/);
  });

  it("refuse flags of the same kind", () => {
    const refused = (argv: readonly string[], message: RegExp) =>
      assert.throws(() => parseDaemonFlags(argv), { name: "FlagError", message });
    refused(["--bip", "x"], /invalid argument "x" for "--bip" flag/);
    refused(["-l", "loud"], /invalid argument "loud" for "-l, --log-level" flag: must be one of "debug", "info"/);
    refused(["--mtu", "1"], /invalid argument "1" for "--mtu" flag: must be a whole number from 68 to 65535, not 1/);
    refused(["--dns", "one"], /invalid argument "one" for "--dns" flag: must be an IP address: "one" is none/);
    refused(["--nope"], /unknown flag: --nope/);
    refused(["start"], /takes no arguments, only flags: start/);
  });

  it("have a help with an example", () => {
    assert.match(daemonHelp(), /^Usage: {2}ctrd \[OPTIONS\]/);
    assert.match(daemonHelp(), /-H, --host list/);
    assert.match(daemonHelp(), /Examples:\n {2}ctrd/);
  });
});

describe("the engine's log", () => {
  it("is a line an entry, values quoted where they would be unclear", () => {
    const entry = {
      level: "warn",
      time: "2026-11-24T11:43:16.405Z",
      msg: "It did.",
      id: "8f67",
      n: 3,
      why: 'a "b"\nc',
      list: [1],
    };
    assert.equal(
      textLine(JSON.stringify(entry)),
      '2026-11-24T11:43:16.405Z warn  It did. id=8f67 n=3 why="a \\"b\\"\\nc" list=[1]\n',
    );
  });
});
