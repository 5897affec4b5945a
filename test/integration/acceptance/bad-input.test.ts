/**
 * What the engine refuses, it refuses with Docker's text and exit code, and leaves the host exactly as it was: the same
 * links, rules, mounts, cgroups and files.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TestEngine } from "../../support/engine.ts";
import { dockerArchive, tarOf } from "../../support/images.ts";
import { PrivateHost } from "../../support/private-host.ts";
import { Registry } from "../../support/registry.ts";
import { waitFor } from "../../support/wait.ts";

interface Refusal {
  readonly title: string;
  readonly argv: readonly string[];
  readonly exitCode: number;
  readonly text: RegExp;
}

const run = (...argv: readonly string[]): readonly string[] => ["run", "--rm", ...argv];

const REFUSALS: readonly Refusal[] = [
  {
    title: "an image that is nowhere",
    argv: run("127.0.0.1:1/nosuch", "true"),
    exitCode: 125,
    text: /Unable to find image '127\.0\.0\.1:1\/nosuch:latest' locally\n.*connection refused/s,
  },
  {
    title: "an unknown flag",
    argv: run("--no-such-flag", "busybox"),
    exitCode: 125,
    text: /unknown flag: --no-such-flag/,
  },
  {
    title: "a port that is none",
    argv: run("-p", "80:http", "busybox", "true"),
    exitCode: 125,
    text: /invalid containerPort: http/,
  },
  {
    title: "a host port that is out of range",
    argv: run("-p", "99999:80", "busybox", "true"),
    exitCode: 125,
    text: /invalid hostPort: 99999/,
  },
  {
    title: "less memory with swap than without",
    argv: run("-m", "64m", "--memory-swap", "32m", "busybox", "true"),
    exitCode: 125,
    text: /Minimum memoryswap limit should be larger than memory limit/,
  },
  {
    title: "a memory limit below 6 MB",
    argv: run("-m", "5m", "busybox", "true"),
    exitCode: 125,
    text: /Minimum memory limit allowed is 6MB/,
  },
  {
    title: "more CPUs than there are",
    argv: run("--cpus", "1000", "busybox", "true"),
    exitCode: 125,
    text: /range of CPUs is from 0\.01 to \d+\.00, as there are only \d+ CPUs available/i,
  },
  {
    title: "a network that is not there",
    argv: run("--network", "nowhere", "busybox", "true"),
    exitCode: 125,
    text: /network nowhere not found/,
  },
  {
    title: "a command that is not there",
    argv: run("busybox", "no-such-command"),
    exitCode: 127,
    text: /exec: "no-such-command": executable file not found in \$PATH/,
  },
  {
    title: "a command that cannot be executed",
    argv: run("busybox", "/etc/passwd"),
    exitCode: 126,
    text: /exec: "\/etc\/passwd": permission denied/,
  },
  {
    title: "a user that is not there",
    argv: run("-u", "nobody-here", "busybox", "true"),
    exitCode: 125,
    text: /unable to find user nobody-here: no matching entries in passwd file/,
  },
  {
    title: "a capability that is none",
    argv: run("--cap-add", "NOPE", "busybox", "true"),
    exitCode: 125,
    text: /CAP_NOPE/,
  },
  {
    title: "a bad name",
    argv: run("--name", "no/good", "busybox", "true"),
    exitCode: 125,
    text: /Invalid container name \(no\/good\)/,
  },
  {
    title: "a bind mount to a relative path",
    argv: run("-v", "/tmp:inside", "busybox", "true"),
    exitCode: 125,
    text: /mount path must be absolute/,
  },
];

describe("bad input", () => {
  const resources = new AsyncDisposableStack();
  let engine: TestEngine;
  let untouched: Traces;
  before(async () => {
    engine = resources.use(await TestEngine.start());
    await engine.ctrOutput("run", "--rm", "busybox", "true");
    untouched = await engine.traces();
  });
  after(() => resources.disposeAsync());

  /** Runs `body` and checks that the host is as it was before the first test. */
  async function leavesNoTrace(body: () => Promise<void>): Promise<void> {
    await body();
    await tracesBecome(engine, untouched);
    assert.equal(await engine.ctrOutput("ps", "--all", "--quiet"), "");
  }

  for (const { title, argv, exitCode, text } of REFUSALS) {
    it(`refuses ${title}`, () =>
      leavesNoTrace(async () => {
        const result = await engine.ctr(argv);
        assert.match(result.stderr, text);
        assert.equal(result.exitCode, exitCode);
      }));
  }

  it("refuses a port that another container holds, with Docker's text", async () => {
    await engine.ctrOutput("run", "-d", "--name", "holder", "-p", "8080:80", "busybox", "sleep", "60");
    const before = await engine.traces();
    const result = await engine.ctr(["run", "--rm", "-p", "8080:80", "busybox", "true"]);
    assert.equal(result.exitCode, 125);
    assert.match(result.stderr, /Bind for 0\.0\.0\.0:8080 failed: port is already allocated/);
    await tracesBecome(engine, before);
    await engine.ctrOutput("rm", "-f", "holder");
  });

  it("refuses a port that a process of the host listens on", () =>
    leavesNoTrace(async () => {
      const listener = engine.host.spawn(["busybox", "nc", "-l", "-p", "8081"]);
      try {
        await waitFor("the listener", async () => (await engine.host.output(["ss", "-ltn"])).includes(":8081"));
        const result = await engine.ctr(["run", "--rm", "-p", "8081:80", "busybox", "true"]);
        assert.equal(result.exitCode, 125);
        assert.match(result.stderr, /8081.*address already in use/);
      } finally {
        const gone = once(listener, "exit");
        listener.kill("SIGKILL");
        await gone;
      }
    }));

  it("refuses a name that is taken", async () => {
    await engine.ctrOutput("create", "--name", "taken", "busybox", "true");
    const before = await engine.traces();
    const result = await engine.ctr(["run", "--name", "taken", "busybox", "true"]);
    assert.equal(result.exitCode, 125);
    assert.match(
      result.stderr,
      /Conflict\. The container name "\/taken" is already in use by container "[0-9a-f]{64}"/,
    );
    assert.deepEqual(await engine.traces(), before);
    await engine.ctrOutput("rm", "taken");
  });

  it("refuses a broken archive", () =>
    leavesNoTrace(async () => {
      for (const input of [Buffer.from("this is no archive"), Buffer.alloc(10240)]) {
        const result = await engine.ctr(["load"], { input });
        assert.equal(result.exitCode, 1);
        assert.notEqual(result.stderr.trim(), "");
      }
    }));

  it("reports a registry that is down", () =>
    leavesNoTrace(async () => {
      const registry = await Registry.start({ inside: engine.host });
      await registry[Symbol.asyncDispose]();
      const result = await engine.ctr(["pull", `${registry.host}/library/busybox`]);
      assert.equal(result.exitCode, 1);
      assert.match(result.stderr, /connection refused/);
      assert.ok(result.stderr.includes(registry.host), result.stderr);
    }));

  it("refuses a layer whose bytes are not those of its digest", () =>
    leavesNoTrace(async () => {
      await using registry = await Registry.start({ inside: engine.host });
      await registry.push(
        await dockerArchive({ layers: [await tarOf([{ name: "file", content: randomBytes(50_000) }])] }),
        "spoilt:1",
      );
      const layer = largestFile(registry.storage);
      const bytes = readFileSync(layer);
      bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 0xff, bytes.length - 1);
      writeFileSync(layer, bytes);
      const result = await engine.ctr(["pull", `${registry.host}/spoilt:1`]);
      assert.equal(result.exitCode, 1);
      assert.match(result.stderr, /digest/);
      assert.doesNotMatch(await engine.ctrOutput("images"), /spoilt/);
    }));
});

describe("a full disk", () => {
  const resources = new AsyncDisposableStack();
  let engine: TestEngine;
  before(async () => {
    engine = resources.use(
      await TestEngine.start({
        prepare: async (host, dataRoot) => {
          await host.output(["mkdir", dataRoot]);
          await host.output(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", dataRoot]);
        },
      }),
    );
  });
  after(() => resources.disposeAsync());

  it("fails a pull and leaves no partial layer, and the engine goes on", async () => {
    await using registry = await Registry.start({ inside: engine.host });
    // Gzipped by the registry's client to a few kilobytes: the disk is full while unpacking, not while loading.
    const large = await tarOf([{ name: "large", content: Buffer.alloc(12 << 20) }]);
    await registry.push(await dockerArchive({ layers: [large] }), "large:1");
    const layers = (): Promise<string> => engine.host.output(["find", join(engine.dataRoot, "layers")]);
    const before = { traces: await engine.traces(), layers: await layers() };

    const result = await engine.ctr(["pull", `${registry.host}/large:1`]);
    assert.equal(result.exitCode, 1);
    assert.match(result.stderr, /no space left on device/i);

    await tracesBecome(engine, before.traces);
    assert.equal(await layers(), before.layers);
    assert.equal(await engine.ctrOutput("run", "--rm", "busybox", "echo", "still here"), "still here");
  });
});

describe("no engine listens", () => {
  const resources = new AsyncDisposableStack();
  let host: PrivateHost;
  before(async () => {
    host = resources.use(await PrivateHost.start());
    // No engine of the machine's either.
    await host.output(["mount", "-t", "tmpfs", "tmpfs", "/run"]);
  });
  after(() => resources.disposeAsync());

  const program = join(import.meta.dirname, "../../../bin/ctr");
  // Any user but root, who may still read the project when it is in root's home.
  const reading = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"];
  const asNobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", ...reading];

  it("at the address that -H names: says so and how to start it", async () => {
    const result = await host.run([program, "-H", "unix:///nowhere/ctr.sock", "ps"]);
    assert.equal(result.exitCode, 1);
    assert.match(result.stderr, /Cannot connect to the ctr engine at unix:\/\/\/nowhere\/ctr\.sock/);
    assert.match(result.stderr, /ctrd -H unix:\/\/\/nowhere\/ctr\.sock/);
  });

  it("and the user is not root: says that root must start it", async () => {
    const result = await host.run([...asNobody, "env", "-u", "CTR_HOST", "-u", "DOCKER_HOST", program, "ps"]);
    assert.equal(result.exitCode, 1);
    assert.match(result.stderr, /Cannot connect to the ctr engine at unix:\/\/\/run\/ctr\/ctr\.sock/);
    assert.match(result.stderr, /Start it as root: sudo ctrd/);
  });

  it("and another user starts ctrd: says that it needs root", async () => {
    const result = await host.run([...asNobody, join(program, "../ctrd")]);
    assert.notEqual(result.exitCode, 0);
    assert.match(result.stderr, /ctrd needs to be started with root privileges/);
    assert.match(result.stderr, /sudo ctrd/);
  });
});

type Traces = Awaited<ReturnType<TestEngine["traces"]>>;

/** An exit is reaped and torn down after the client was answered. */
async function tracesBecome(engine: TestEngine, expected: Traces): Promise<void> {
  await waitFor("the tear-down", async () => {
    assert.deepEqual(await engine.traces(), expected);
    return true;
  });
}

function largestFile(directory: string): string {
  const files = readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort((one, other) => statSync(other).size - statSync(one).size);
  return files[0] ?? assert.fail(`no files in ${directory}`);
}
