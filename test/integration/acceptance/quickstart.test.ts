/** `npm run quickstart` on a host of its own, in a copy of the project, with the engine's default places. */
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, rmdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { PrivateHost } from "../../support/private-host.ts";

const root = join(import.meta.dirname, "../../..");
const PLACES = ["/var/lib/ctr", "/run/ctr"];

describe("npm run quickstart", () => {
  let host: PrivateHost;
  let project: string;
  const made: string[] = [];

  before(async () => {
    host = await PrivateHost.start();
    project = join(host.directory, "project");
    mkdirSync(project);
    for (const name of ["bin", "lib", "netns", "cgroups", "runtime", "docs", "package.json", "package-lock.json"]) {
      cpSync(join(root, name), join(project, name), { recursive: true });
    }
    for (const name of ["tsconfig.json", "tsconfig.build.json"]) cpSync(join(root, name), join(project, name));
    symlinkSync(join(root, "node_modules"), join(project, "node_modules"));
    for (const place of PLACES) {
      if (!existsSync(place)) made.push(place);
      mkdirSync(place, { recursive: true });
      await host.output(["mount", "-t", "tmpfs", "tmpfs", place]);
    }
  });
  after(async () => {
    await quickstart("--clean");
    await host[Symbol.asyncDispose]();
    for (const place of made) rmdirSync(place);
  });

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
      const { exitCode, stdout, stderr } = await quickstart();
      assert.equal(exitCode, 0, stderr);
      assert.match(stdout, /port 8080 is in use on this host: taking 8081 instead/);
      assert.match(stdout, /http:\/\/127\.0\.0\.1:8081\/ says «It works»/);
    } finally {
      listener.kill("SIGKILL");
    }
  });
});
