import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { identifyProcess, isAlive, signalProcess } from "../../../lib/system/process.ts";
import { enterNetworkNamespace, takeSnapshot } from "../../../netns/index.ts";
import { readIntent } from "../../../runtime/diagnosis/read-intent.ts";
import { readPrograms } from "../../../runtime/diagnosis/read-programs.ts";
import { TestEngine } from "../../support/engine.ts";
import { waitFor } from "../../support/wait.ts";

const IDLE = ["busybox", "sleep", "infinity"];

describe("what the engine wants, read from its state", () => {
  let engine: TestEngine;

  before(async () => {
    engine = await TestEngine.start({ flags: ["--icc=false", "--userland-proxy=false"] });
    const run = (name: string, ...flags: readonly string[]) =>
      engine.ctrOutput("run", "-d", "--name", name, ...flags, ...IDLE);
    await engine.ctrOutput("network", "create", "--subnet", "10.10.1.0/24", "front");
    await run("web", "--network", "front", "--network-alias", "www", "-p", "8080:80", "--expose", "9/udp", "-m", "64m");
    await run("beside", "--network", "container:web");
    await run("bare", "--network", "host");
    await run("closed", "--network", "none");
    await run("frozen", "--cpus", "0.5", "--pids-limit", "50");
    await run("ended");
    freeze(await engine.ctrOutput("inspect", "--format", "{{.Id}}", "frozen"));
    await engine.ctrOutput("kill", "ended");
  });

  after(() => engine?.[Symbol.asyncDispose]());

  /** As a monitoring program might, behind the engine. */
  function freeze(id: string): void {
    const file = engine
      .cgroups()
      .map((directory) => join(directory, "cgroup.freeze"))
      .find((path) => path.includes(id) && existsSync(path));
    writeFileSync(file ?? assert.fail("the group cannot be frozen"), "1");
  }

  const read = () => {
    const result = readIntent(engine);
    const container = (name: string) => result.intent.containers.find((one) => one.name === name) ?? assert.fail(name);
    return { ...result, container };
  };

  it("tells containers, the namespaces that they use, and their ports", () => {
    const { intent, container, namespacePaths, notRead } = read();
    const web = container("web");
    assert.deepEqual(
      Object.fromEntries(intent.containers.map(({ name, running, paused }) => [name, { running, paused }])),
      {
        ...{ web: { running: true, paused: false }, beside: { running: true, paused: false } },
        ...{ bare: { running: true, paused: false }, closed: { running: true, paused: false } },
        ...{ frozen: { running: true, paused: false }, ended: { running: false, paused: false } },
      },
    );
    assert.deepEqual(
      ["web", "beside", "bare", "closed", "ended"].map((name) => container(name).namespace),
      [web.id, web.id, "host", container("closed").id, undefined],
    );
    assert.deepEqual(
      [...namespacePaths.keys()].sort(),
      ["web", "closed", "frozen"].map((name) => container(name).id).sort(),
    );
    assert.deepEqual(
      web.ports.map(({ hostIp, hostPort, containerPort }) => `${hostIp} ${hostPort} ${containerPort}`),
      ["0.0.0.0 8080 80"],
    );
    assert.deepEqual(web.exposed.toSorted(), ["80/tcp", "9/udp"]);
    assert.equal(web.endpoints[0]?.address, "10.10.1.2");
    assert.ok(web.endpoints[0]?.dnsNames.includes("www"));
    assert.equal(container("beside").networkMode, `container:${web.id}`);
    assert.equal(container("ended").pid, undefined);
    assert.deepEqual(intent.networks.map(({ name }) => name).sort(), ["bridge", "front", "host", "none"]);
    assert.deepEqual(notRead, []);
  });

  it("tells the settings that the engine's flags gave", () => {
    const { icc, userlandProxy, ipForward, firewallBackend } = read().intent.settings;
    assert.deepEqual(
      { icc, userlandProxy, ipForward, firewallBackend },
      {
        ...{ icc: false, userlandProxy: false, ipForward: true, firewallBackend: "nftables" },
      },
    );
  });

  it("tells what programs do and may do", () => {
    const { intent, cgroupParents, container } = read();
    const { programs, notRead } = readPrograms({ intent, cgroupParents, execRoot: engine.execRoot });
    assert.deepEqual(notRead, []);
    assert.equal(Object.keys(programs).length, 5);
    const web = programs[container("web").id] ?? assert.fail();
    assert.deepEqual([web.frozen, web.memoryLimit, web.cpus], [false, 64 * 1024 * 1024, undefined]);
    assert.deepEqual(
      web.processes.map(({ pid, name, openFilesLimit }) => [pid, name, openFilesLimit > 0]),
      [[container("web").pid, "sleep", true]],
    );
    const frozen = programs[container("frozen").id] ?? assert.fail();
    assert.deepEqual([frozen.frozen, frozen.cpus, frozen.pidsLimit, frozen.pids], [true, 0.5, 50, 1]);
  });

  it("makes a snapshot that has each container's files and sockets", () => {
    const { intent, namespacePaths: paths, container } = read();
    // They are mounted in the engine's mount namespace.
    const namespacePaths = new Map([...paths].map(([id, path]) => [id, `/proc/${engine.pid}/root${path}`]));
    const options = { intent, namespacePaths, programs: {}, ctrVersion: "test" };
    const snapshot = enterNetworkNamespace(engine.host.networkNamespace, () => takeSnapshot(options));
    const web = snapshot.namespaces.find(({ key }) => key === container("web").id) ?? assert.fail();
    assert.match(web.resolvConf ?? "", /^nameserver 127\.0\.0\.11$/m);
    assert.match(web.hosts ?? "", /^10\.10\.1\.2\s/m);
    assert.ok(
      web.sockets.some(({ address, process }) => address === "127.0.0.11" && process?.name === "ctr-dataplane"),
    );
    const { peer } = web.links.find(({ name }) => name === "eth0") ?? assert.fail();
    const [host] = snapshot.namespaces;
    assert.equal(peer?.namespace, "host");
    assert.equal(
      host?.links.find(({ index }) => index === peer?.index)?.name,
      container("web").endpoints[0]?.hostInterface,
    );
    assert.deepEqual(snapshot.notRead, []);
  });

  it("is the same when the engine was killed, and sees what ended since; the state stays as it is", async () => {
    const before = read().intent;
    await engine.stopDaemon("SIGKILL");
    const state = () => readdirSync(engine.dataRoot).filter((name) => /^ctr\.db(-wal)?$/.test(name));
    const content = () => state().map((name) => readFileSync(join(engine.dataRoot, name), "base64"));
    const untouched = content();
    assert.deepEqual(read().intent, before);
    const pid = read().container("web").pid ?? assert.fail();
    const identity = identifyProcess(pid) ?? assert.fail();
    signalProcess(pid, "SIGKILL");
    await waitFor("web to end", () => !isAlive(identity));
    const { container, namespacePaths } = read();
    assert.deepEqual([container("web").running, container("web").namespace], [false, undefined]);
    // Another container still uses its namespace.
    assert.deepEqual([container("beside").running, namespacePaths.has(container("web").id)], [true, true]);
    assert.deepEqual(content(), untouched);
  });

  it("says when no engine has ever run there", () => {
    const roots = { dataRoot: join(engine.host.directory, "none"), execRoot: engine.execRoot };
    assert.throws(() => readIntent(roots), { code: "CTR_STORE_MISSING" });
  });
});
