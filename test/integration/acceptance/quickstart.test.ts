/** `npm run quickstart` on a host of its own, in a copy of the project, with the engine's default places. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { PrivateHost } from "../../support/private-host.ts";
import { waitFor } from "../../support/wait.ts";

const root = join(import.meta.dirname, "../../..");
const PLACES = ["/var/lib/ctr", "/run/ctr"];

describe("npm run quickstart", () => {
  let host: PrivateHost;
  let project: string;

  before(async () => {
    host = await PrivateHost.start();
    project = join(host.directory, "project");
    mkdirSync(project);
    // With the files' times: a lock file newer than the packages would have them installed again.
    for (const name of ["bin", "lib", "netns", "cgroups", "runtime", "docs", "package.json", "package-lock.json"]) {
      cpSync(join(root, name), join(project, name), { recursive: true, preserveTimestamps: true });
    }
    for (const name of ["tsconfig.json", "tsconfig.build.json"]) cpSync(join(root, name), join(project, name));
    await overlayModules();
    for (const place of PLACES) await giveOwn(place);
  });
  after(async () => {
    await quickstart("--clean");
    await host[Symbol.asyncDispose]();
  });

  /**
   * A tmpfs that only this host sees. The folder above is overlaid first: a mount point made in the machine's own folder
   * would have to be removed there, and that takes the mount away from every other host that uses it.
   */
  async function giveOwn(place: string): Promise<void> {
    const above = dirname(place);
    const layers = join(host.directory, basename(above));
    for (const name of ["upper", "work"]) mkdirSync(join(layers, name), { recursive: true });
    const options = `lowerdir=${above},upperdir=${layers}/upper,workdir=${layers}/work`;
    await host.output(["mount", "-t", "overlay", "-o", options, "overlay", above]);
    await host.output(["mkdir", "-p", place]);
    await host.output(["mount", "-t", "tmpfs", "tmpfs", place]);
  }

  /** The project's packages, writable without a change to the originals: npm empties what it finds at this path. */
  async function overlayModules(): Promise<void> {
    const changes = join(host.directory, "changes");
    mkdirSync(changes);
    await host.output(["mount", "-t", "tmpfs", "tmpfs", changes]);
    await host.output(["mkdir", join(changes, "upper"), join(changes, "work"), join(project, "node_modules")]);
    const layers = `lowerdir=${join(root, "node_modules")},upperdir=${changes}/upper,workdir=${changes}/work`;
    await host.output(["mount", "-t", "overlay", "overlay", "-o", layers, join(project, "node_modules")]);
  }

  const quickstart = (...flags: readonly string[]) =>
    host.run(["sh", join(project, "bin/setup.sh"), "quickstart", ...flags], { timeout: 110_000 });

  it("ends with a page from a container and says what it made", async () => {
    const { exitCode, stdout, stderr } = await quickstart();
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /http:\/\/127\.0\.0\.1:8080\/ says «It works»/);
    assert.match(stdout, /network +ctr0 172\.17\.0\.1 for 172\.17\.0\.0\/16/);
    assert.match(stdout, /address +172\.17\.0\.2 /);
    assert.match(stdout, /rule +tcp \. 8080 .*: 172\.17\.0\.2 \. 80/);
    assert.match(stdout, /memory +64MiB, .* in use/);
    assert.match(stdout, /cpus +0\.5/);
    assert.match(await host.output(["busybox", "wget", "-qO-", "http://127.0.0.1:8080/"]), /It works/);
  });

  it("may be run again", async () => {
    const { exitCode, stdout, stderr } = await quickstart();
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /busybox:latest is there already/);
    assert.match(stdout, /http:\/\/127\.0\.0\.1:8080\//);
  });

  it("leaves what is the user's own with --clean", async () => {
    const ctr = (...argv: readonly string[]) => host.output([join(project, "bin/ctr"), ...argv]);
    await ctr("network", "create", "mine");
    await ctr("create", "--name", "own", "-v", "data:/d", "busybox", "true");
    const { exitCode, stdout, stderr } = await quickstart("--clean");
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /The engine stays: it still has 1 container, 1 image, 1 volume, 1 network of yours/);
    assert.equal(await ctr("volume", "ls", "-q"), "data");
    await ctr("rm", "own");
    await ctr("network", "rm", "mine");
    assert.match((await quickstart("--clean")).stdout, /The engine stays: it still has 1 volume of yours/);
    await ctr("volume", "rm", "data");
  });

  it("takes everything away with --clean", async () => {
    const { exitCode, stdout, stderr } = await quickstart("--clean");
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /Gone\./);
    assert.doesNotMatch(await host.output(["ip", "-br", "link"]), /ctr0|veth/);
    assert.equal(await host.output(["nft", "list", "ruleset"]), "");
  });

  it("takes the next port when 8080 is in use, and says so", async () => {
    const listener = host.spawn(["busybox", "httpd", "-f", "-p", "8080"]);
    try {
      await waitFor("the listener", async () => (await host.output(["ss", "-Hltn", "sport = :8080"])) !== "");
      const { exitCode, stdout, stderr } = await quickstart();
      assert.equal(exitCode, 0, stderr);
      assert.match(stdout, /port 8080 is in use on this host: taking 8081 instead/);
      assert.match(stdout, /http:\/\/127\.0\.0\.1:8081\/ says «It works»/);
    } finally {
      listener.kill("SIGKILL");
    }
  });
});
