/** `--link` where containers of the default bridge are kept apart: the exposed ports of the target, and nothing else. */
import assert from "node:assert/strict";
import { TestEngine } from "../../support/engine.ts";
import { inNetworkOf } from "../../support/outside.ts";
import { waitFor } from "../../support/wait.ts";

describe("a link with --icc=false", () => {
  let engine: TestEngine;

  before(async () => {
    engine = await TestEngine.start({ flags: ["--icc=false"] });
  });
  after(() => engine?.[Symbol.asyncDispose]());

  const run = (name: string, ...options: readonly string[]): Promise<string> =>
    docker("run", "-d", "--name", name, ...options, "busybox", "sh", "-c", SERVE);
  const docker = async (...argv: readonly string[]): Promise<string> =>
    (await engine.docker(argv, { expect: [0] })).stdout.trim();
  const reaches = async (from: string, to: string, port: number): Promise<boolean> => {
    const address = await docker("inspect", "-f", "{{.NetworkSettings.IPAddress}}", to);
    const argv = [...(await inNetworkOf(engine, from)), "curl", "-s", "-m", "1", `http://${address}:${port}/`];
    return (await engine.host.run(argv)).stdout.trim() === "page";
  };

  it("opens the exposed ports to the linking container, until it ends or the link is removed", async () => {
    await run("db", "--expose", "80");
    await run("web", "--link", "db");
    await run("other");
    await waitFor("db to serve", () => reaches("db", "db", 81));
    await waitFor("the link to open", () => reaches("web", "db", 80));
    assert.deepEqual([await reaches("web", "db", 81), await reaches("other", "db", 80)], [false, false]);
    assert.equal(await reaches("db", "web", 80), false);
    await docker("restart", "-t", "0", "db");
    await waitFor("the link to be open again", () => reaches("web", "db", 80));
    await docker("rm", "--link", "web/db");
    assert.equal(await reaches("web", "db", 80), false);
    await docker("rm", "-f", "web");
    await run("second", "--link", "db");
    await waitFor("the link to open", () => reaches("second", "db", 80));
    await docker("stop", "-t", "0", "second");
    assert.deepEqual((await engine.api("GET", "/ctr/networks/grants")).json(), []);
  });
});

const SERVE = "mkdir -p /www; echo page >/www/index.html; httpd -p 81 -h /www; exec httpd -f -p 80 -h /www";
