/** Volumes with the real docker CLI and with ours. */
import assert from "node:assert/strict";
import { TestEngine } from "../../support/engine.ts";
import { busyboxRecipe, dockerArchive, tarOf } from "../../support/images.ts";
import { waitFor } from "../../support/wait.ts";

interface Mount {
  readonly Type: string;
  readonly Name?: string;
  readonly Destination: string;
  readonly Mode: string;
  readonly RW: boolean;
}

describe("volumes of containers", () => {
  let engine: TestEngine;
  before(async () => {
    engine = await TestEngine.start();
    const recipe = await busyboxRecipe(["seeded:latest"]);
    const layer = await tarOf([
      { name: "data", type: "directory" },
      { name: "data/seed", content: "seed\n" },
    ]);
    const config = { ...recipe.config, Volumes: { "/data": {} } };
    await engine.docker([
      "load",
      "-q",
      "-i",
      await dockerArchive({ ...recipe, layers: [...recipe.layers, layer], config }),
    ]);
  });
  after(() => engine?.[Symbol.asyncDispose]());
  afterEach(async () => {
    const ids = (await docker("ps", "-aq")).split("\n").filter(Boolean);
    if (ids.length > 0) await docker("rm", "-f", ...ids);
    await docker("volume", "prune", "-a", "-f");
  });

  const docker = async (...argv: readonly string[]): Promise<string> =>
    (await engine.docker(argv, { expect: [0] })).stdout.trimEnd();
  const names = async (): Promise<string[]> => (await docker("volume", "ls", "-q")).split("\n").filter(Boolean);
  const mounts = async (container: string): Promise<Mount[]> =>
    (await engine.api("GET", `/containers/${container}/json`)).json<{ Mounts: Mount[] }>().Mounts;
  const run = (...argv: readonly string[]): Promise<string> => docker("run", "--rm", ...argv);

  it("outlive their container, and begin with what the image has", async () => {
    assert.equal(await run("-v", "kept:/data", "seeded", "sh", "-c", "cat /data/seed; echo more >/data/own"), "seed");
    assert.equal(await run("-v", "kept:/srv:ro", "busybox", "cat", "/srv/seed", "/srv/own"), "seed\nmore");
    const refused = await engine.docker(["run", "--rm", "-v", "kept:/srv:ro", "busybox", "touch", "/srv/x"]);
    assert.match(refused.stderr, /Read-only file system/);
    assert.equal(await run("-v", "bare:/data:nocopy", "seeded", "ls", "/data"), "");
    assert.equal(
      await run("--mount", "type=volume,source=labelled,target=/data,volume-label=a=b", "seeded", "ls", "/data"),
      "seed",
    );
    assert.deepEqual(await names(), ["bare", "kept", "labelled"]);
    assert.equal(await docker("volume", "ls", "-q", "--filter", "label=a=b"), "labelled");
  });

  it("stay the same directory while they are filled, for those who have it", async () => {
    await docker("run", "-d", "--name", "first", "-v", "shared:/srv", "busybox", "sleep", "1000");
    await docker("run", "-d", "--name", "second", "-v", "shared:/data", "seeded", "sleep", "1000");
    assert.equal(await docker("exec", "first", "sh", "-c", "cat /srv/seed; echo own >/srv/own"), "seed");
    assert.equal(await docker("exec", "second", "cat", "/data/own"), "own");
  });

  it("are filled once for several that are made at once", async () => {
    await Promise.all([1, 2, 3, 4, 5].map(() => docker("create", "-v", "many:/data", "seeded", "cat", "/data/seed")));
    assert.equal(await run("-v", "many:/srv", "busybox", "ls", "/srv"), "seed");
  });

  it("without a name go with their container, when that is wanted", async () => {
    await run("seeded", "true");
    assert.deepEqual(await names(), []);
    await docker("create", "--name", "box", "-v", "/own", "seeded", "true");
    const [first, second] = await mounts("box");
    assert.deepEqual([first?.Type, second?.Type], ["volume", "volume"]);
    assert.deepEqual((await names()).sort(), [first?.Name, second?.Name].sort());
    await docker("rm", "box");
    assert.equal((await names()).length, 2);
    await docker("create", "--name", "box", "seeded", "true");
    await docker("rm", "-v", "box");
    assert.equal((await names()).length, 2);
    assert.match(await docker("volume", "prune", "-f"), /Total reclaimed space: 5B$/);
    assert.deepEqual(await names(), []);
  });

  it("keep what was written over a stop and a new engine", async () => {
    await docker("run", "-d", "--name", "box", "seeded", "sleep", "1000");
    await docker("exec", "box", "sh", "-c", "echo new >/data/seed");
    await docker("stop", "-t", "0", "box");
    await engine.stopDaemon("SIGKILL");
    await engine.startDaemon();
    await docker("start", "box");
    assert.equal(await docker("exec", "box", "cat", "/data/seed"), "new");
  });

  it("are had by other containers too, with what is bound", async () => {
    await docker("create", "--name", "store", "-v", "shared:/shared", "-v", "/etc:/host:ro", "seeded", "true");
    await docker("run", "-d", "--name", "user", "--volumes-from", "store:ro", "busybox", "sleep", "1000");
    const shown = (await mounts("user")).map(({ Type, Destination, RW }) => `${Type} ${Destination} ${RW}`);
    assert.deepEqual(shown.sort(), ["bind /host false", "volume /data false", "volume /shared false"]);
    assert.equal(await docker("exec", "user", "cat", "/data/seed"), "seed");
    await docker("rm", "-v", "store");
    assert.equal((await names()).length, 2);
    assert.equal(await docker("exec", "user", "cat", "/data/seed"), "seed");
    const missing = await engine.docker(["run", "--rm", "--volumes-from", "nosuch", "busybox", "true"]);
    assert.match(missing.stderr, /No such container: nosuch/);
  });

  it("are told of, and refused in Docker's words", async () => {
    await docker("run", "-d", "--name", "box", "-v", "told:/data", "busybox", "sleep", "1000");
    const id = await docker("inspect", "-f", "{{.Id}}", "box");
    const inUse = await engine.docker(["volume", "rm", "told"]);
    assert.match(inUse.stderr, new RegExp(`remove told: volume is in use - \\[${id}\\]`));
    const bad = await engine.docker(["run", "--rm", "-v", "a/b:/data", "busybox", "true"]);
    assert.match(bad.stderr, /create a\/b: "a\/b" includes invalid characters for a local volume name/);
    await docker("rm", "-f", "box");
    await docker("volume", "rm", "told");
    const asked = ["--since", "10m", "--until", "0s", "--filter", "volume=told", "--format", "{{.Action}}"];
    // The time until which is asked is told in whole seconds.
    await waitFor("the end to be told", async () => {
      const events = await docker("events", ...asked);
      return events === "create\nmount\nunmount\ndestroy";
    });
  });

  it("are served by our own commands", async () => {
    assert.equal(await engine.ctrOutput("volume", "create", "--label", "a=b", "data"), "data");
    assert.match(await engine.ctrOutput("volume", "ls"), /^DRIVER +VOLUME NAME\nlocal +data$/);
    const show = ["volume", "inspect", "-f", "{{.Name}} {{.Labels.a}} {{.Mountpoint}}", "data"];
    assert.equal(await engine.ctrOutput(...show), `data b ${engine.dataRoot}/volumes/data/_data`);
    assert.equal(await engine.ctrOutput("run", "--rm", "-v", "data:/data", "seeded", "ls", "/data"), "seed");
    const removed = await engine.ctrOutput("volume", "prune", "-a", "-f");
    assert.equal(removed, "Deleted Volumes:\ndata\n\nTotal reclaimed space: 5B");
    assert.equal((await engine.ctr(["volume", "rm", "data"])).exitCode, 1);
    await engine.ctrOutput("volume", "rm", "-f", "data");
  });
});
