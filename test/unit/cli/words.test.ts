import assert from "node:assert/strict";
import { engineAddress, parseAddress } from "../../../bin/cli/client/address.ts";
import { runFailure } from "../../../bin/cli/container/failure.ts";
import { findCommand } from "../../../bin/cli/dispatch.ts";
import { CliError, EngineError, UnreachableError } from "../../../bin/cli/errors.ts";
import { filterQuery } from "../../../bin/cli/filters.ts";
import { canonicalName, familiarName, splitReference } from "../../../bin/cli/reference.ts";
import { COMMANDS, GROUPS, type Load } from "../../../bin/cli/registry.ts";
import { timestampOf } from "../../../bin/cli/timestamp.ts";
import { invalid } from "../../../lib/errors.ts";

describe("the engine's address", () => {
  it("is -H, else CTR_HOST, else DOCKER_HOST, else the default, which alone may be started", () => {
    const both = { CTR_HOST: "unix:///a", DOCKER_HOST: "unix:///b" };
    assert.deepEqual(engineAddress("unix:///c", both), { kind: "unix", path: "/c", text: "unix:///c", chosen: true });
    assert.equal(engineAddress(undefined, both).text, "unix:///a");
    assert.equal(engineAddress(undefined, { CTR_HOST: "", DOCKER_HOST: "unix:///b" }).text, "unix:///b");
    assert.deepEqual(engineAddress(undefined, {}), {
      kind: "unix",
      path: "/run/ctr/ctr.sock",
      text: "unix:///run/ctr/ctr.sock",
      chosen: false,
    });
  });

  it("is a socket or a TCP port", () => {
    const tcp = (text: string) => {
      const address = parseAddress(text, true);
      return address.kind === "tcp" ? [address.host, address.port] : address;
    };
    assert.deepEqual(tcp("tcp://10.0.0.1:2376"), ["10.0.0.1", 2376]);
    assert.deepEqual(tcp("tcp://host"), ["host", 2375]);
    assert.deepEqual(tcp("tcp://:80"), ["127.0.0.1", 80]);
    assert.deepEqual(tcp("tcp://[::1]:80"), ["::1", 80]);
    assert.deepEqual(tcp("localhost:80"), ["localhost", 80]);
    assert.deepEqual(parseAddress("/a/b", true).kind, "unix");
    for (const text of ["ftp://x", "unix://relative", "tcp://", "tcp://a:b", ""]) {
      assert.throws(() => parseAddress(text, true), /unable to parse docker host/, text);
    }
  });
});

describe("names of images", () => {
  it("split at the tag or the digest, not at a port", () => {
    assert.deepEqual(splitReference("host:5000/a/b"), { repository: "host:5000/a/b", tag: undefined });
    assert.deepEqual(splitReference("host:5000/a/b:1"), { repository: "host:5000/a/b", tag: "1" });
    assert.deepEqual(splitReference("a@sha256:12"), { repository: "a", tag: "sha256:12" });
    assert.deepEqual(splitReference("a:1@sha256:12"), { repository: "a:1", tag: "sha256:12" });
  });

  const NAMES: readonly (readonly [given: string, familiar: string, canonical: string])[] = [
    ["busybox", "busybox:latest", "docker.io/library/busybox:latest"],
    ["busybox:1", "busybox:1", "docker.io/library/busybox:1"],
    ["me/app", "me/app:latest", "docker.io/me/app:latest"],
    ["docker.io/busybox", "busybox:latest", "docker.io/library/busybox:latest"],
    ["docker.io/library/busybox", "busybox:latest", "docker.io/library/busybox:latest"],
    ["library/busybox", "busybox:latest", "docker.io/library/busybox:latest"],
    ["127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b:latest", "127.0.0.1:5000/a/b:latest"],
    ["localhost/a:1", "localhost/a:1", "localhost/a:1"],
    ["ghcr.io/x/y@sha256:12", "ghcr.io/x/y@sha256:12", "ghcr.io/x/y@sha256:12"],
  ];
  for (const [given, familiar, canonical] of NAMES) {
    it(`${given} is ${familiar} for people, ${canonical} in full`, () => {
      assert.equal(familiarName(given), familiar);
      assert.equal(canonicalName(given), canonical);
    });
  }
});

describe("points in time", () => {
  const now = Date.UTC(2026, 10, 24, 12);
  const at = (text: string) => timestampOf(text, "since", now);

  it("are seconds, durations ago, or dates", () => {
    assert.equal(at("1700000000.5"), "1700000000.5");
    assert.equal(at("1h30m"), String(((now - 5_400_000) / 1000).toFixed(9)));
    assert.equal(at("2026-11-24T10:00:00Z"), `${Date.UTC(2026, 10, 24, 10) / 1000}.000000000`);
    assert.equal(at("2026-11-24T10Z"), `${Date.UTC(2026, 10, 24, 10) / 1000}.000000000`);
    assert.equal(at("2026-11-24T12:00:00+02:00"), `${Date.UTC(2026, 10, 24, 10) / 1000}.000000000`);
    assert.equal(at("2026-11-24"), `${(Date.parse("2026-11-24T00:00:00") / 1000).toFixed(9)}`);
  });

  for (const text of ["foo", "", "2026-13-24", "10", "1x"].filter((one) => one !== "10")) {
    it(`are not «${text}»`, () => assert.throws(() => at(text), /failed to parse value as time or duration/));
  }
});

describe("filters", () => {
  it("go to the API by key, values of one key together", () => {
    assert.equal(filterQuery([]), undefined);
    assert.equal(
      filterQuery([
        ["status", "exited"],
        ["label", "a=b"],
        ["status", "created"],
      ]),
      '{"status":{"exited":true,"created":true},"label":{"a=b":true}}',
    );
  });
});

describe("commands", () => {
  it("are found by name and in their groups", () => {
    const found = (...words: readonly string[]) => {
      const target = findCommand(words);
      return target.kind === "command" ? [target.path, ...target.argv] : target.name;
    };
    assert.deepEqual(found("run", "-d", "x"), ["run", "-d", "x"]);
    assert.deepEqual(found("container", "ls", "-a"), ["container ls", "-a"]);
    assert.deepEqual(found("container", "list"), ["container list"]);
    assert.equal(found("net"), "net");
    assert.equal(found("net", "--help"), "net");
  });

  it("that are none are refused with docker's text and the nearest one", () => {
    assert.throws(() => findCommand(["pss"]), {
      message: "ctr: unknown command: ctr pss\nDid you mean: ctr ps\n\nRun 'ctr --help' for more information",
      exitCode: 1,
    });
    assert.throws(() => findCommand(["net", "lss"]), /Did you mean: ctr net ls\n/);
    assert.throws(() => findCommand(["constructor"]), /unknown command: ctr constructor\n/);
    assert.throws(() => findCommand(["net", "constructor"]), /unknown command: ctr net constructor\n/);
  });

  const everyCommand: Record<string, Load> = {
    ...Object.assign({}, ...Object.values(COMMANDS)),
    ...Object.fromEntries(
      Object.entries(GROUPS).flatMap(([group, { commands }]) =>
        Object.entries(commands).map(([name, load]) => [`${group} ${name}`, load]),
      ),
    ),
  };
  for (const [path, load] of Object.entries(everyCommand)) {
    it(`ctr ${path} --help has usage, summary and an example`, async () => {
      const help = (await load()).help(path);
      assert.match(help, new RegExp(`^Usage: {2}ctr ${path}\\b`));
      assert.match(help, /\n\nExamples:\n {2}(tar .*)?(docker .*)?ctr /);
      for (const line of help.split("\n")) assert.ok(line.length <= 100, `too wide: ${line}`);
    });
  }
});

describe("a run that fails", () => {
  const REASONS: readonly (readonly [reason: string, exitCode: number])[] = [
    ['exec: "x": executable file not found in $PATH: unknown', 127],
    ["exec: /x: no such file or directory: unknown", 127],
    ['exec: "/etc/passwd": permission denied: unknown', 126],
    ["exec: /etc: is a directory", 126],
    ["port is already allocated", 125],
  ];
  for (const [reason, exitCode] of REASONS) {
    it(`by «${reason}» ends with ${exitCode}`, () => {
      const failure = runFailure(new EngineError(500, reason), "run");
      assert.ok(failure instanceof CliError);
      assert.equal(failure.exitCode, exitCode);
      assert.equal(
        failure.message,
        `ctr: Error response from daemon: ${reason}\n\nRun 'ctr run --help' for more information`,
      );
    });
  }

  it("before the engine is asked ends with 125", () => {
    const failures = [new UnreachableError("Cannot connect"), new CliError("wrong", 125), invalid("bad", "CTR_X")];
    for (const error of failures) {
      const failure = runFailure(error, "create");
      assert.ok(failure instanceof CliError);
      assert.equal(failure.exitCode, 125);
      assert.equal(failure.message, `ctr: ${error.message}\n\nRun 'ctr create --help' for more information`);
    }
  });

  it("keeps another exit code and another error as they are", () => {
    for (const error of [new CliError("the input device is not a TTY"), new TypeError("a fault of ours")]) {
      assert.equal(runFailure(error, "run"), error);
    }
  });
});
