/** Changes of limits over HTTP: what arrives at the engine, and what is refused on the way. */
import { deepEqual, equal } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../../lib/log.ts";
import { ApiServer } from "../../../runtime/api/index.ts";
import { call } from "./http-client.ts";
import { type MemoryEngine, memoryEngine } from "./memory-engine.ts";

const CHANGE = { limit: "memory", before: "max", after: "64MiB" };

describe("changes of limits by the API", () => {
  let directory: string;
  let engine: MemoryEngine;
  let server: ApiServer;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "ctr-api-"));
    engine = memoryEngine();
    server = new ApiServer(engine, silentLogger);
    await server.listen([`unix://${join(directory, "ctr.sock")}`]);
  });
  afterEach(async () => {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  async function ask(method: string, path: string, body?: unknown): Promise<readonly [number, unknown]> {
    const text = body === undefined ? "" : JSON.stringify(body);
    const headers = { "Content-Type": "application/json", "Content-Length": String(Buffer.byteLength(text)) };
    const answer = await call(join(directory, "ctr.sock"), method, path, { body: text, headers });
    return [answer.status, answer.body === "" ? undefined : JSON.parse(answer.body)];
  }

  const REQUEST = {
    Memory: 67108864,
    Swap: 0,
    BlkioDeviceReadBps: [{ Path: "/dev/sda", Rate: 5 }],
    Ulimits: [{ Name: "nofile", Soft: 1, Hard: 2 }],
    RestartPolicy: { Name: "always" },
    NetworkRate: { Egress: 8 },
    Unset: ["cpus"],
  };

  it("are Docker's update, which tells warnings alone", async () => {
    deepEqual(await ask("POST", "/v1.47/containers/web/update", REQUEST), [200, { Warnings: ["careful"] }]);
    deepEqual(engine.calls, [["update", "web", REQUEST]]);
  });

  it("are ours, which tells what is different now", async () => {
    const answer = { Warnings: ["careful"], Changes: [CHANGE] };
    deepEqual(await ask("POST", "/ctr/containers/web/limits", { Memory: 5, Swap: null }), [200, answer]);
    deepEqual(engine.calls, [["update", "web", { Memory: 5 }]]);
    deepEqual(await ask("POST", "/ctr/containers/web/limits/repair"), [200, { Changes: [] }]);
  });

  it("have numbers beyond those that are exact here, as clients write them for no limit", async () => {
    const body = '{"Memory":9223372036854775807,"CpuQuota":-9223372036854775808}';
    deepEqual((await ask("POST", "/containers/web/update", JSON.parse(body)))[0], 200);
    const largest = 2 ** 63 - 1024;
    deepEqual(engine.calls, [["update", "web", { Memory: largest, CpuQuota: -largest }]]);
  });

  const REFUSED: readonly (readonly [unknown, string])[] = [
    [undefined, "no limits are given: the body is empty"],
    [[], "invalid JSON: the body must be an object"],
    [{ Memory: "64m" }, "invalid JSON: Memory must be a whole number"],
    [{ Memory: 1.5 }, "invalid JSON: Memory must be a whole number"],
    [{ CgroupConf: { a: 1 } }, "invalid JSON: CgroupConf.a must be a string"],
    [{ BlkioDeviceWriteIOps: [{ Rate: "fast" }] }, "invalid JSON: BlkioDeviceWriteIOps[0].Rate must be a whole number"],
    [{ Unset: "memory" }, "invalid JSON: Unset must be a list"],
  ];
  for (const [body, message] of REFUSED) {
    it(`are refused: ${message}`, async () => {
      for (const path of ["/containers/web/update", "/ctr/containers/web/limits"]) {
        deepEqual(await ask("POST", path, body), [400, { message }]);
      }
      deepEqual(engine.calls, []);
    });
  }

  it("of processes are taken away by 0 and less, and unknown to clients before API 1.40", async () => {
    for (const asked of [0, -1, -2]) await ask("POST", "/containers/web/update", { PidsLimit: asked });
    await ask("POST", "/containers/web/update", { PidsLimit: null });
    await ask("POST", "/v1.39/containers/web/update", { PidsLimit: 5 });
    await ask("POST", "/v1.40/containers/web/update", { PidsLimit: 5 });
    const away = ["update", "web", { PidsLimit: -1 }];
    deepEqual(engine.calls, [
      away,
      away,
      away,
      ["update", "web", {}],
      ["update", "web", {}],
      ["update", "web", { PidsLimit: 5 }],
    ]);
  });

  it("are those of groups, too", async () => {
    const group = { Name: "shop", Path: "/ctr/shop.group", Resources: { Memory: 67108864 }, Containers: [] };
    deepEqual(await ask("GET", "/ctr/limit-groups"), [200, [group]]);
    const [status, value] = await ask("GET", "/ctr/limit-groups/shop");
    equal(status, 200);
    deepEqual({ ...(value as object), Stats: undefined }, { ...group, Limits: [], Stats: undefined });
    deepEqual(await ask("POST", "/ctr/limit-groups/shop", { PidsLimit: 9, Unset: ["memory"] }), [200, { Changes: [] }]);
    deepEqual(await ask("POST", "/ctr/limit-groups/shop/repair"), [200, { Changes: [] }]);
    deepEqual(await ask("DELETE", "/ctr/limit-groups/shop"), [204, undefined]);
    deepEqual(engine.calls, [
      ["limitGroup", "shop", { PidsLimit: 9 }, ["memory"]],
      ["removeLimitGroup", "shop"],
    ]);
  });
});
