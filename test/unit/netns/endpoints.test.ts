import assert from "node:assert/strict";
import { generateId } from "../../../lib/ids.ts";
import { Store } from "../../../lib/store.ts";
import { describeEndpoint, findNetwork, reserveEndpoint } from "../../../netns/endpoints.ts";
import { NetworkStore, networkMigrations } from "../../../netns/store.ts";
import type { Network } from "../../../netns/types.ts";

const BRIDGE: Network = {
  id: `aa${"1".repeat(62)}`,
  name: "bridge",
  driver: "bridge",
  created: "2026-01-01T00:00:00Z",
  subnet: "10.1.0.0/29",
  gateway: "10.1.0.1",
  bridge: "ctr0",
  mtu: 1500,
  internal: false,
  options: { key: "value" },
  labels: {},
};
const NONE: Network = {
  id: `aa${"2".repeat(62)}`,
  name: "none",
  driver: "null",
  created: "2026-01-01T00:00:00Z",
  internal: false,
  options: {},
  labels: {},
};

describe("endpoints", () => {
  let database: Store;
  let store: NetworkStore;
  beforeEach(() => {
    database = new Store(":memory:", [networkMigrations]);
    store = new NetworkStore(database);
    for (const network of [BRIDGE, NONE]) store.saveNetwork(network);
  });
  afterEach(() => database[Symbol.dispose]());

  const reserve = (name: string, more: { network?: string; ipAddress?: string; macAddress?: string } = {}) =>
    reserveEndpoint(store, { containerId: generateId(), containerName: name, network: "bridge", ...more });

  it("are stored with all that describes them", () => {
    const endpoint = reserve("web", { macAddress: "02-42-0A-01-00-02" });
    assert.deepEqual(
      { ...endpoint, id: "", containerId: "" },
      {
        id: "",
        networkId: BRIDGE.id,
        networkName: "bridge",
        containerId: "",
        address: "10.1.0.2",
        prefixLength: 29,
        gateway: "10.1.0.1",
        macAddress: "02:42:0a:01:00:02",
      },
    );
    const [record] = store.endpointsOfContainer(endpoint.containerId);
    assert(record !== undefined);
    assert.deepEqual(describeEndpoint(store, record), endpoint);
  });

  it("name their interfaces while the sandbox is up", () => {
    const { id, containerId } = reserve("web");
    store.addSandbox({ containerId, namespacePath: "/run/ctr/netns/x" }, []);
    const [record] = store.endpointsOfContainer(containerId);
    assert(record !== undefined);
    const { interfaceName, hostInterface } = describeEndpoint(store, record);
    assert.equal(interfaceName, "eth0");
    assert.equal(hostInterface, `veth${id.slice(0, 7)}`);
  });

  it("fill the subnet from below, and free what is released", () => {
    const addresses = ["a", "b", "c", "d"].map((name) => reserve(name).address);
    assert.deepEqual(addresses, ["10.1.0.2", "10.1.0.3", "10.1.0.4", "10.1.0.5"]);
    const last = reserve("e");
    assert.throws(() => reserve("f"), {
      message: `no available IPv4 addresses on this network's address pools: bridge (${BRIDGE.id})`,
    });
    store.removeEndpoints(last.containerId);
    assert.equal(reserve("g").address, "10.1.0.6");
  });

  it("take an address that was asked for, once", () => {
    assert.equal(reserve("a", { ipAddress: "10.1.0.5" }).address, "10.1.0.5");
    assert.throws(() => reserve("b", { ipAddress: "10.1.0.5" }), { message: "Address already in use" });
    assert.equal(reserve("c", { ipAddress: "" }).address, "10.1.0.2");
  });

  it("have no address and no MAC on `none`", () => {
    const endpoint = reserve("alone", { network: "none" });
    assert.equal(endpoint.address, "");
    assert.equal(endpoint.macAddress, "");
    assert.equal(endpoint.prefixLength, 0);
    reserve("alone too", { network: "none" });
  });

  it("exist once for a container on a network", () => {
    const request = { containerId: generateId(), containerName: "web", network: "bridge" };
    reserveEndpoint(store, request);
    assert.throws(() => reserveEndpoint(store, request), { status: 409 });
  });

  it("leave nothing when they are refused", () => {
    for (const more of [{ network: "nosuch" }, { ipAddress: "10.2.0.1" }, { macAddress: "zz" }]) {
      assert.throws(() => reserve("bad", more));
    }
    assert.deepEqual(store.containersWithEndpoints(), []);
  });

  it("find their network by name, id, prefix and `default`; unknown and ambiguous ones are told", () => {
    for (const reference of ["bridge", "default", BRIDGE.id, "aa11"]) {
      assert.deepEqual(findNetwork(store, reference), BRIDGE);
    }
    assert.deepEqual(findNetwork(store, "none"), NONE);
    assert.throws(() => findNetwork(store, "nosuch"), { message: "network nosuch not found", status: 404 });
    assert.throws(() => findNetwork(store, ""), { message: "network  not found" });
    assert.throws(() => findNetwork(store, "aa"), {
      message: "network aa is ambiguous (2 matches found on ID prefix)",
      status: 400,
    });
  });

  it("cannot be stored twice with one address, nor ports twice: the database has the last word", () => {
    const { networkId, containerId } = reserve("a");
    const record = { networkId, containerName: "b", address: 0x0a010002, macAddress: "" };
    assert.throws(() => store.addEndpoint({ ...record, id: generateId(), containerId: generateId() }), /UNIQUE/);
    const port = { protocol: "tcp", containerPort: 80, hostIp: "0.0.0.0", hostPort: 8080 } as const;
    store.addSandbox({ containerId, namespacePath: undefined }, [port]);
    const other = generateId();
    assert.throws(() => store.addSandbox({ containerId: other, namespacePath: undefined }, [port]), /UNIQUE/);
    assert.equal(store.sandbox(other), undefined);
    assert.deepEqual(store.portsOf(containerId), [port]);
  });
});
