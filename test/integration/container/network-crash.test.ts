/** An engine that is killed in the midst of changing the network of a container that runs. */
import { deepEqual, doesNotMatch, equal, match, rejects } from "node:assert/strict";
import { signalProcess } from "../../../lib/system/process.ts";
import type { Difference, Endpoint } from "../../../netns/index.ts";
import type { Container, LifeStep } from "../../../runtime/index.ts";
import { waitFor } from "../../support/wait.ts";
import { EngineHost } from "./engine-host.ts";

const SERVE = ["sh", "-c", "mkdir -p /tmp/w; echo page >/tmp/w/index.html; exec httpd -f -p 80 -h /tmp/w"];

describe("an engine that was killed in the midst of", function () {
  this.timeout(180_000);
  let engine: EngineHost;

  before(async () => {
    engine = await EngineHost.start();
    await engine.call("createNetwork", { name: "front", ipam: { config: [{ subnet: "10.7.0.0/24" }] } });
  });
  after(() => engine[Symbol.asyncDispose]());
  afterEach(async () => {
    for (const { id } of await engine.call<Container[]>("list")) await engine.call("remove", id, { force: true });
    await waitFor("the monitors to end", () => engine.conmons().length === 0);
  });

  const serve = (port?: string): Promise<string> =>
    engine.background(
      { Cmd: SERVE, HostConfig: port === undefined ? {} : { PortBindings: { "80/tcp": [{ HostPort: port }] } } },
      "web",
    );
  /** The engine kills itself after `step`, on the way of `act`; a new one takes over. */
  const crashing = async (step: LifeStep, act: () => Promise<unknown>): Promise<void> => {
    await engine.close();
    await engine.open(step);
    await rejects(act());
    await engine.crashed();
    await engine.open();
    deepEqual(await engine.call<Difference[]>("differences"), []);
  };
  const networks = async (): Promise<string[]> =>
    (await engine.call<Endpoint[]>("endpoints", "web")).map(({ networkName }) => networkName);
  const ports = async (): Promise<number[]> => [
    ...new Set((await engine.find("web")).ports.map(({ hostPort }) => hostPort)),
  ];
  const answers = async (port: number): Promise<boolean> =>
    (await engine.host.run(["curl", "-s", "-m", "2", `http://127.0.0.1:${port}/`])).stdout === "page\n";
  const has = async (link: string): Promise<boolean> =>
    (await engine.call<{ exitCode: number }>("exec", "web", ["test", "-e", `/sys/class/net/${link}`])).exitCode === 0;
  const hosts = async (): Promise<string> =>
    (await engine.call<{ stdout: string }>("exec", "web", ["cat", "/etc/hosts"])).stdout;
  const restart = () => engine.call("restart", "web", { timeout: 0 });

  it("connect: the container is on the network, as it says", async () => {
    await serve();
    await crashing("connect:connected", () => engine.call("connect", "web", "front", {}));
    deepEqual(await networks(), ["bridge", "front"]);
    match(await hosts(), /^10\.7\.0\.2\t/m);
    equal(await has("eth1"), true);
    await restart();
    equal(await has("eth1"), true);
  });

  it("disconnect: the container is off the network", async () => {
    await serve();
    await engine.call("connect", "web", "front", {});
    await crashing("disconnect:disconnected", () => engine.call("disconnect", "web", "front"));
    deepEqual(await networks(), ["bridge"]);
    doesNotMatch(await hosts(), /^10\.7\.0\.2\t/m);
    match(await hosts(), /^172\.17\.0\.\d+\t/m);
    equal(await has("eth1"), false);
  });

  it("publish: the port that nobody got to know is closed, and free", async () => {
    await serve("8071");
    await crashing("publish:published", () => engine.call("publish", "web", { "80/tcp": [{ HostPort: "8072" }] }));
    deepEqual(await ports(), [8071]);
    await waitFor("the page", () => answers(8071));
    equal(await answers(8072), false);
    await engine.call("publish", "web", { "80/tcp": [{ HostPort: "8072" }] });
    deepEqual((await ports()).toSorted(), [8071, 8072]);
  });

  it("unpublish: the port is closed", async () => {
    await serve("8073");
    await engine.call("publish", "web", { "80/tcp": [{ HostPort: "8074" }] });
    await crashing("unpublish:recorded", () => engine.call("unpublish", "web", [{ port: "80", hostPort: "8073" }]));
    deepEqual(await ports(), [8074]);
    await waitFor("the page", () => answers(8074));
    equal(await answers(8073), false);
    await restart();
    deepEqual(await ports(), [8074]);
  });
});

describe("containers that need each other", function () {
  this.timeout(180_000);
  let engine: EngineHost;
  before(async () => {
    engine = await EngineHost.start();
  });
  after(() => engine[Symbol.asyncDispose]());

  it("all start with the engine, after those that they need", async () => {
    const always = { RestartPolicy: { Name: "always" } } as const;
    const sleep = { Cmd: ["sleep", "1000"] };
    // Newest first is the order of the records: the ones that need others come before them.
    await engine.background({ ...sleep, HostConfig: always }, "owner");
    await engine.background({ ...sleep, HostConfig: { ...always, Links: ["owner:o"] } }, "linking");
    await engine.background({ ...sleep, HostConfig: { ...always, NetworkMode: "container:linking" } }, "joined");
    const running = await engine.call<Container[]>("list");
    await engine.kill();
    for (const { pid } of running) signalProcess(pid, "SIGKILL");
    await waitFor("the monitors to end", () => engine.conmons().length === 0);
    await engine.open();
    for (const name of ["owner", "linking", "joined"]) {
      await waitFor(`${name} to run`, async () => (await engine.find(name)).status === "running");
      equal((await engine.find(name)).error, "");
    }
  });
});
