/** Real images from the real registry: busybox, and Debian's nginx, which serves on a published port. */
import assert from "node:assert/strict";
import { NGINX_PAGE, pushNginxImage } from "../../support/debian-image.ts";
import { TestEngine } from "../../support/engine.ts";
import { busyboxArchive } from "../../support/images.ts";
import { connectOutside, HOST_ADDRESS } from "../../support/outside.ts";
import type { PrivateHost } from "../../support/private-host.ts";
import { Registry } from "../../support/registry.ts";
import { waitFor } from "../../support/wait.ts";

describe("images from a registry", () => {
  const resources = new AsyncDisposableStack();
  let engine: TestEngine;
  let outside: PrivateHost;
  let registry: Registry;
  let nginx: string;

  before(async () => {
    engine = resources.use(await TestEngine.start({ busybox: false }));
    outside = resources.use(await connectOutside(engine.host));
    registry = resources.use(await Registry.start({ inside: engine.host }));
    nginx = `${registry.host}/debian/nginx:1`;
    await Promise.all([
      registry.push(await busyboxArchive(), "library/busybox:latest"),
      pushNginxImage(registry, "debian/nginx:1"),
    ]);
  });
  after(() => resources.disposeAsync());

  const inspect = (name: string, template: string): Promise<string> =>
    engine.ctrOutput("inspect", "--format", template, name);

  const fetch = (host: PrivateHost, address: string): Promise<string> =>
    host.output(["curl", "-fsS", "--max-time", "10", `http://${address}:8080/`]).then((page) => `${page}\n`);

  async function linesOfLog(name: string): Promise<{ readonly stdout: string[]; readonly stderr: string }> {
    const { stdout, stderr } = await engine.ctr(["logs", name], { expect: [0] });
    return { stdout: stdout.trim().split("\n"), stderr };
  }

  it("pull says what it does, and knows an image that is there", async () => {
    const reference = `${registry.host}/library/busybox`;
    const first = await engine.ctrOutput("pull", reference);
    assert.match(first, /Using default tag: latest/);
    assert.match(first, /Digest: sha256:[0-9a-f]{64}/);
    assert.match(first, /Status: Downloaded newer image for /);
    assert.match(await engine.ctrOutput("pull", reference), /Status: Image is up to date for /);
    assert.equal(await engine.ctrOutput("run", "--rm", reference, "echo", "pulled"), "pulled");
  });

  it("run pulls what is not there", async () => {
    const { exitCode, stderr } = await engine.ctr(["run", "-d", "--name", "web", "-p", "8080:80", nginx]);
    assert.equal(exitCode, 0, stderr);
    assert.match(stderr, /Unable to find image '.*debian\/nginx:1' locally/);
    assert.match(stderr, /Status: Downloaded newer image for /);
    assert.match(await engine.ctrOutput("images", "--format", "{{.Repository}}:{{.Tag}}"), /debian\/nginx:1$/m);
  });

  it("nginx serves on loopback, on the host's other address and for another host", async () => {
    await waitFor("nginx to serve", async () => (await fetch(engine.host, "127.0.0.1")) === NGINX_PAGE);
    assert.equal(await fetch(engine.host, HOST_ADDRESS), NGINX_PAGE);
    assert.equal(await fetch(outside, HOST_ADDRESS), NGINX_PAGE);
  });

  it("its access log, which it opens by the name /dev/stdout, is in ctr logs", async () => {
    const { stdout, stderr } = await waitFor("three requests in the log", async () => {
      const log = await linesOfLog("web");
      return log.stdout.length >= 3 && log;
    });
    assert.ok(
      stdout.every((line) => /"GET \/ HTTP\/1\.1" 200 /.test(line)),
      stdout.join("\n"),
    );
    assert.ok(
      stdout.some((line) => line.startsWith("192.0.2.2 ")),
      stdout.join("\n"),
    );
    assert.match(stderr, /start worker process/);
  });

  it("its workers run as www-data", async () => {
    const { stdout } = await engine.ctr(["top", "web", "-eo", "pid,user,args"], { expect: [0] });
    assert.match(stdout, /root.*nginx: master process nginx -g daemon off;/);
    assert.match(stdout, /(www-data|33) .*nginx: worker process/);
  });

  it("stops gracefully with the image's signal", async () => {
    await engine.ctrOutput("stop", "--time", "30", "web");
    assert.equal(await inspect("web", "{{.State.Status}} {{.State.ExitCode}}"), "exited 0");
    const { stderr } = await linesOfLog("web");
    assert.match(stderr, /signal 3 \(SIGQUIT\) received.*shutting down/);
    assert.match(stderr, /gracefully shutting down/);
    assert.match(stderr, /\bexit$/m);
  });

  it("has its address and its port again after start, and after restart", async () => {
    const template = "{{.NetworkSettings.IPAddress}}";
    await engine.ctrOutput("start", "web");
    const address = await inspect("web", template);
    await engine.ctrOutput("create", "--name", "another", nginx);
    await engine.ctrOutput("restart", "web");
    assert.equal(await inspect("web", template), address);
    await waitFor("nginx to serve again", async () => (await fetch(outside, HOST_ADDRESS)) === NGINX_PAGE);
  });

  it("is not removed while a container uses it, and goes with its layers afterwards", async () => {
    const refused = await engine.ctr(["rmi", nginx]);
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stderr, /conflict: unable to remove repository reference ".*debian\/nginx:1"/);
    await engine.ctrOutput("rm", "-f", "web", "another");
    assert.match(await engine.ctrOutput("rmi", nginx), /Deleted: sha256:/);
    assert.doesNotMatch(await engine.ctrOutput("images"), /nginx/);
  });

  it("the real docker CLI pulls and runs it, too", async () => {
    const pulled = await engine.docker(["pull", nginx]);
    assert.equal(pulled.exitCode, 0, pulled.stderr);
    assert.match(pulled.stdout, /Status: Downloaded newer image/);
    const tested = await engine.docker(["run", "--rm", nginx, "nginx", "-t"]);
    assert.equal(tested.exitCode, 0, tested.stderr);
    assert.match(tested.stderr, /test is successful/);
  });
});
