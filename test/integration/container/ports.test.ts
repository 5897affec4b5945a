/** Ports are taken and opened while the runtime makes the container's processes: what happens when that fails. */
import { deepEqual, equal, rejects } from "node:assert/strict";
import { EngineHost } from "./engine-host.ts";

describe("a container whose ports cannot be opened", () => {
  let engine: EngineHost;
  before(async () => {
    engine = await EngineHost.start();
  });
  after(() => engine[Symbol.asyncDispose]());

  const publishing = (port: string) => ({
    Cmd: ["sleep", "1000"],
    HostConfig: { PortBindings: { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: port }] } },
  });
  const nft = (...statements: readonly string[]) =>
    engine.host.output(["nft", "-f", "-"], { input: statements.join("\n") });
  const left = async () => {
    const { links, mounts, cgroups, processes } = await engine.traces();
    return { links, mounts, cgroups, processes };
  };

  it("does not run when another has one of them, and leaves nothing, whatever else is wrong with it", async () => {
    await engine.background(publishing("9002"), "owner");
    const before = await left();
    for (const [name, Cmd] of [["rival", ["sleep", "1000"]] as const, ["lost", ["nosuch"]] as const]) {
      const { id } = await engine.call<{ id: string }>(
        "create",
        { Image: "busybox", ...publishing("9002"), Cmd },
        { name },
      );
      await rejects(engine.call("start", id), {
        code: "CTR_PORT_ALLOCATED",
        message:
          /^failed to set up container networking: driver failed .* Bind for 0\.0\.0\.0:9002 failed: port is already/,
      });
      deepEqual(await left(), before);
      equal((await engine.find(name)).status, "created");
      await engine.call("remove", name, {});
    }
    await engine.call("remove", "owner", { force: true });
  });

  it("does not run and leaves nothing, but can be started when the reason has gone", async () => {
    await engine.background(publishing("9001"), "first");
    const { id } = await engine.call<{ id: string }>(
      "create",
      { Image: "busybox", ...publishing("9000") },
      { name: "second" },
    );
    // As many elements as before, so that nobody mends it.
    await nft(
      "delete element inet ctr hp4 { tcp . 9001 }",
      "add element inet ctr hp4 { tcp . 9000 : 172.17.0.99 . 80 }",
    );
    const before = await left();
    await rejects(engine.call("start", id), { code: "CTR_FIREWALL_FAILED" });
    deepEqual(await left(), before);
    const { status, pid } = await engine.find("second");
    deepEqual([status, pid], ["created", 0]);
    await nft("delete element inet ctr hp4 { tcp . 9000 }");
    await engine.call("start", id);
    equal((await engine.find("second")).status, "running");
    for (const name of ["first", "second"]) await engine.call("remove", name, { force: true });
  });
});
