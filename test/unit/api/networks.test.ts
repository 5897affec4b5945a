import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../../lib/log.ts";
import { ApiServer } from "../../../runtime/api/index.ts";
import { endpointSettings } from "../../../runtime/api/views/endpoints.ts";
import { call } from "./http-client.ts";
import { type MemoryEngine, memoryEngine } from "./memory-engine.ts";
import { CONTAINER_ID, container, ENDPOINT, FRONT } from "./records.ts";

describe("networks by the API", () => {
  let directory: string;
  let socket: string;
  let engine: MemoryEngine;
  let server: ApiServer;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "ctr-api-"));
    socket = join(directory, "ctr.sock");
    engine = memoryEngine();
    server = new ApiServer(engine, silentLogger);
    await server.listen([`unix://${socket}`]);
  });
  afterEach(async () => {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const ask = async (method: string, path: string, body?: unknown) => {
    const text = JSON.stringify(body);
    // Node sends no length of its own with DELETE.
    const headers = { "Content-Type": "application/json", "Content-Length": String(Buffer.byteLength(text ?? "")) };
    const answer = await call(socket, method, path, text === undefined ? {} : { body: text, headers });
    return { status: answer.status, value: answer.body === "" ? undefined : (JSON.parse(answer.body) as unknown) };
  };
  it("have IPv4 for clients that do not know otherwise", async () => {
    const body = { Name: "n", EnableIPv4: false };
    for (const version of ["/v1.47", "/v1.48"]) await ask("POST", `${version}/networks/create`, body);
    assert.deepEqual(engine.calls, [
      ["create", { name: "n" }],
      ["create", { name: "n", enableIPv4: false }],
    ]);
  });

  const filtered = (path: string, filters: object) =>
    ask("GET", `${path}?filters=${encodeURIComponent(JSON.stringify(filters))}`);

  describe("lists", () => {
    const names = async (filters: object) =>
      ((await filtered("/networks", filters)).value as { Name: string }[]).map(({ Name }) => Name);

    it("them by name, by every filter of Docker's", async () => {
      assert.deepEqual(await names({}), ["bridge", "front"]);
      assert.deepEqual(await names({ type: ["custom"] }), ["front"]);
      assert.deepEqual(await names({ type: { builtin: true } }), ["bridge"]);
      assert.deepEqual(await names({ dangling: ["true"] }), ["front"]);
      assert.deepEqual(await names({ dangling: ["0"] }), ["bridge"]);
      assert.deepEqual(await names({ driver: ["host"] }), []);
      assert.deepEqual(await names({ name: ["^fr"] }), ["front"]);
      assert.deepEqual(await names({ label: ["tier=front"] }), ["front"]);
      assert.deepEqual(await names({ id: ["888"], scope: ["local"] }), ["front"]);
    });

    it("none for a bad filter, and says why in Docker's words", async () => {
      const { status, value } = await filtered("/networks", { type: ["odd"] });
      assert.deepEqual([status, value], [400, { message: "invalid filter: 'type'='odd'" }]);
      assert.equal((await filtered("/networks", { dangling: ["maybe"] })).status, 400);
      assert.equal((await filtered("/networks", { nosuch: ["x"] })).status, 400);
    });
  });

  it("shows pools with all their parts", async () => {
    const { value } = await ask("GET", "/networks/front");
    const { IPAM, Labels, Containers } = value as { IPAM: { Config: unknown }; Labels: unknown; Containers: unknown };
    assert.deepEqual(IPAM.Config, [
      { Subnet: "10.7.0.0/24", IPRange: "10.7.0.128/25", Gateway: "10.7.0.1", AuxiliaryAddresses: { r: "10.7.0.9" } },
    ]);
    assert.deepEqual([Labels, Containers], [{ tier: "front" }, {}]);
    assert.equal((await ask("GET", "/networks/no")).status, 404);
  });

  it("are made from Docker's words", async () => {
    const body = {
      ...{ Name: "n", Driver: "bridge", EnableIPv6: true, Internal: true, Attachable: true, Scope: "local" },
      IPAM: {
        Driver: "default",
        Options: { a: "b" },
        Config: [{ Subnet: "10.1.0.0/24", Gateway: "10.1.0.1", IPRange: "", AuxiliaryAddresses: { x: "10.1.0.9" } }],
      },
      ...{ Options: { "com.docker.network.driver.mtu": "1400" }, Labels: { l: "1" }, ConfigFrom: null },
    };
    const { status, value } = await ask("POST", "/networks/create", body);
    assert.deepEqual([status, value], [201, { Id: FRONT.id, Warning: "a\nb" }]);
    assert.deepEqual(engine.calls, [
      [
        "create",
        {
          ...{ name: "n", driver: "bridge", scope: "local", enableIPv6: true, internal: true, attachable: true },
          ipam: {
            driver: "default",
            options: { a: "b" },
            config: [{ subnet: "10.1.0.0/24", gateway: "10.1.0.1", auxAddresses: { x: "10.1.0.9" } }],
          },
          ...{ options: { "com.docker.network.driver.mtu": "1400" }, labels: { l: "1" } },
        },
      ],
    ]);
  });

  it("are not made from what is no request", async () => {
    for (const body of [undefined, { Name: 1 }, { Name: "n", IPAM: { Config: [{ Subnet: 1 }] } }, { Labels: ["x"] }]) {
      assert.equal((await ask("POST", "/networks/create", body)).status, 400);
    }
    assert.deepEqual(engine.calls, []);
  });

  it("are removed, and pruned but for the predefined ones", async () => {
    assert.equal((await ask("DELETE", "/networks/front")).status, 204);
    const label = encodeURIComponent(JSON.stringify({ "label!": ["tier=front"] }));
    assert.deepEqual((await ask("POST", "/networks/prune")).value, { NetworksDeleted: ["front"] });
    assert.deepEqual((await ask("POST", `/networks/prune?filters=${label}`)).value, { NetworksDeleted: [] });
    assert.deepEqual(engine.calls[0], ["remove", "front"]);
  });

  it("get and lose containers", async () => {
    const settings = { Aliases: ["db"], IPAMConfig: { IPv4Address: "10.7.0.5" }, GwPriority: 3 };
    await ask("POST", "/networks/front/connect", { Container: "web", EndpointConfig: settings });
    await ask("POST", "/networks/front/disconnect", { Container: "web", Force: true });
    assert.deepEqual(engine.calls, [
      ["connect", "web", "front", settings],
      ["disconnect", "web", "front"],
    ]);
    const gone = await ask("POST", "/networks/front/disconnect", { Container: "no", Force: true });
    assert.deepEqual([gone.status, gone.value], [404, { message: "endpoint no not found" }]);
  });

  it("lose a link by its name with a slash", async () => {
    await ask("DELETE", "/containers/web/db?link=1");
    assert.deepEqual(engine.calls, [["removeLink", "web/db"]]);
  });

  describe("of containers that exist", () => {
    it("get ports, and lose them", async () => {
      const PortBindings = { "80/tcp": [{ HostPort: "81", Policy: "loopback" }] };
      const published = await ask("POST", "/ctr/containers/web/publish", { PortBindings });
      assert.deepEqual(published.value, {
        Ports: { "80/tcp": [{ HostIp: "::", HostPort: "81", Policy: "loopback" }] },
      });
      await ask("POST", "/ctr/containers/web/unpublish", { Ports: [{ Port: "80", HostPort: "81", HostIp: "" }] });
      assert.deepEqual(engine.calls, [
        ["publish", "web", PortBindings],
        ["unpublish", "web", [{ port: "80", hostPort: "81" }]],
      ]);
      for (const path of ["publish", "unpublish"]) {
        assert.equal((await ask("POST", `/ctr/containers/web/${path}`, {})).status, 400);
      }
    });

    it("are shaped", async () => {
      assert.equal((await ask("POST", "/ctr/containers/web/shape", { Rate: 1e6 })).status, 204);
      assert.equal((await ask("POST", "/ctr/containers/web/shape", { Rate: -1 })).status, 400);
      assert.deepEqual(engine.calls, [["shape", "web", { rate: 1e6 }]]);
    });

    it("are listed with their ports, by port", async () => {
      engine.known.push(
        container({ name: "b", ports: [{ protocol: "udp", containerPort: 53, hostIp: "::", hostPort: 53 }] }),
      );
      const rows = (await ask("GET", "/ctr/net/ports")).value as unknown[];
      assert.deepEqual(rows, [
        {
          ...{ HostIp: "::", HostPort: 53, Protocol: "udp", ContainerPort: 53 },
          ...{ ContainerId: CONTAINER_ID, ContainerName: "b" },
        },
        {
          ...{ HostIp: "0.0.0.0", HostPort: 8080, Protocol: "tcp", ContainerPort: 80 },
          ...{ ContainerId: CONTAINER_ID, ContainerName: "web" },
        },
      ]);
    });
  });

  describe("grants", () => {
    const view = {
      Id: "grant",
      From: { Kind: "network", Id: FRONT.id, Name: "front" },
      To: { Kind: "container", Id: CONTAINER_ID, Name: "web" },
      ...{ Protocol: "tcp", Port: 80, Both: false },
    };

    it("are listed, and given to networks and containers by name", async () => {
      assert.deepEqual((await ask("GET", "/ctr/networks/grants")).value, [view]);
      const added = await ask("POST", "/ctr/networks/grants", {
        ...{ From: { Name: "front" }, To: { Name: "web" }, Port: "80" },
      });
      assert.deepEqual([added.status, added.value], [201, view]);
      const { id: _, ...grant } = { ...engine.network.grants()[0] };
      assert.deepEqual(engine.calls, [["allow", grant]]);
    });

    it("without a port go both ways", async () => {
      await ask("POST", "/ctr/networks/grants", { From: { Name: "front" }, To: { Kind: "container", Name: "web" } });
      const [[, grant] = []] = engine.calls;
      assert.equal((grant as { both: boolean }).both, true);
    });

    it("are taken back, when there are such", async () => {
      const ends = { From: { Name: "front" }, To: { Name: "web" } };
      assert.equal((await ask("DELETE", "/ctr/networks/grants", { ...ends, Port: "80" })).status, 204);
      assert.deepEqual((await ask("DELETE", "/ctr/networks/grants", { ...ends, Port: "81/udp" })).value, {
        message: "front was not allowed to reach web at 81/udp",
        hint: "see: ctr net grants",
      });
    });

    it("are refused for ends that are not there, or the same", async () => {
      const post = async (From: object, To: object) => (await ask("POST", "/ctr/networks/grants", { From, To })).status;
      assert.equal(await post({ Name: "front" }, { Name: "no" }), 404);
      assert.equal(await post({ Kind: "container", Name: "front" }, { Name: "web" }), 404);
      assert.equal(await post({ Name: "front" }, { Name: "front" }), 400);
      assert.equal(await post({ Kind: "odd", Name: "front" }, { Name: "web" }), 400);
      assert.equal(await post({}, { Name: "web" }), 400);
    });
  });

  it("hang together in one map", async () => {
    const { value } = await ask("GET", "/ctr/net/map");
    const map = value as {
      Networks: { Name: string; Endpoints: unknown[] }[];
      Containers: unknown[];
      Grants: unknown[];
    };
    assert.deepEqual(
      map.Networks.map(({ Name, Endpoints }) => [Name, Endpoints.length]),
      [
        ["bridge", 1],
        ["front", 0],
      ],
    );
    assert.deepEqual([map.Containers.length, map.Grants.length], [1, 1]);
  });

  it("are repaired, or only looked at", async () => {
    await ask("POST", "/ctr/net/repair?dryRun=1");
    await ask("POST", "/ctr/net/repair");
    assert.deepEqual(engine.calls, [
      ["repair", { dryRun: true }],
      ["repair", { dryRun: false }],
    ]);
  });

  it("explain a name", async () => {
    assert.equal((await ask("GET", "/ctr/containers/web/dns")).status, 400);
    const { value } = await ask("GET", "/ctr/containers/web/dns?name=db&type=AAAA");
    assert.deepEqual(value, { name: "db", type: "AAAA", steps: [] });
  });
});

describe("endpointSettings", () => {
  const endpoint = {
    ...ENDPOINT,
    ...{ networkName: "front", aliases: ["al"], links: ["db:d"], address6: "fd00::2", prefixLength6: 64 },
    ...{ gateway6: "fd00::1", driverOptions: { k: "v" }, gatewayPriority: 5 },
    asked: { ipv4: "10.7.0.5", mac: "02:42:ac:11:00:02" },
  };

  it("shows what was asked for, and the addresses while the container runs", () => {
    const up = endpointSettings(endpoint, { running: true, version: 51 });
    assert.deepEqual(up.IPAMConfig, { IPv4Address: "10.7.0.5" });
    assert.deepEqual([up.Links, up.Aliases, up.DriverOpts, up.GwPriority], [["db:d"], ["al"], { k: "v" }, 5]);
    assert.deepEqual([up.GlobalIPv6Address, up.GlobalIPv6PrefixLen, up.IPv6Gateway], ["fd00::2", 64, "fd00::1"]);
    assert.deepEqual(up.DNSNames, ["web", "c0ffee000000"]);
    const down = endpointSettings(endpoint, { running: false, version: 51 });
    assert.deepEqual([down.IPAddress, down.GlobalIPv6Address, down.EndpointID], ["", "", ""]);
    assert.equal(down.MacAddress, "02:42:ac:11:00:02");
  });

  it("has the short id among the aliases for clients that expect it there", () => {
    assert.deepEqual(endpointSettings(endpoint, { running: true, version: 44 }).Aliases, ["al", "c0ffee000000"]);
    const named = endpointSettings(endpoint, { running: true, version: 44, hostname: "db" });
    assert.deepEqual(named.Aliases, ["al", "c0ffee000000", "db"]);
    const onBridge = endpointSettings(ENDPOINT, { running: true, version: 44 });
    assert.deepEqual([onBridge.Aliases, onBridge.DNSNames], [null, null]);
  });
});
