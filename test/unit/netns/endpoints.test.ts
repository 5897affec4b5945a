import assert from "node:assert/strict";
import { generateId } from "../../../lib/ids.ts";
import { Store } from "../../../lib/store.ts";
import { claimAddresses } from "../../../netns/claims.ts";
import { describeEndpoint, findNetwork, reserveEndpoint } from "../../../netns/endpoints.ts";
import { NetworkStore, networkMigrations } from "../../../netns/store/index.ts";
import type { Endpoint, EndpointRequest, Network } from "../../../netns/types.ts";

const BRIDGE: Network = {
  id: `aa${"1".repeat(62)}`,
  name: "bridge",
  driver: "bridge",
  created: "2026-01-01T00:00:00Z",
  enableIPv4: true,
  enableIPv6: false,
  subnets: [{ subnet: "10.1.0.0/29", gateway: "10.1.0.1" }],
  bridge: "ctr0",
  mtu: 1500,
  internal: false,
  attachable: false,
  ipamDriver: "default",
  ipamOptions: {},
  options: { key: "value" },
  labels: {},
};
const NONE: Network = {
  id: `aa${"2".repeat(62)}`,
  name: "none",
  driver: "null",
  created: "2026-01-01T00:00:00Z",
  enableIPv4: true,
  enableIPv6: false,
  subnets: [],
  internal: false,
  attachable: false,
  ipamDriver: "default",
  ipamOptions: {},
  options: {},
  labels: {},
};
const DUAL: Network = {
  ...BRIDGE,
  id: `bb${"1".repeat(62)}`,
  name: "dual",
  enableIPv6: true,
  bridge: "br-dual",
  subnets: [
    { subnet: "10.2.0.0/24", gateway: "10.2.0.1", ipRange: "10.2.0.128/25", auxAddresses: { router: "10.2.0.129" } },
    { subnet: "fd00:2::/64", gateway: "fd00:2::1" },
  ],
};

describe("endpoints", () => {
  let database: Store;
  let store: NetworkStore;
  beforeEach(() => {
    database = new Store(":memory:", [networkMigrations]);
    store = new NetworkStore(database);
    for (const network of [BRIDGE, NONE, DUAL]) store.saveNetwork(network);
  });
  afterEach(() => database[Symbol.dispose]());

  const reserve = (name: string, more: Partial<EndpointRequest> = {}): Endpoint => {
    const request = { containerId: generateId(), containerName: name, network: "bridge", ...more };
    const record = reserveEndpoint(store, request, { starts: true });
    return describeEndpoint(store.networkOf(record), record);
  };

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
        address6: "",
        prefixLength6: 0,
        gateway6: "",
        macAddress: "02:42:0a:01:00:02",
        aliases: [],
        links: [],
        dnsNames: [],
        gatewayPriority: 0,
        driverOptions: {},
        asked: { mac: "02:42:0a:01:00:02" },
      },
    );
    const [record] = store.endpointsOfContainer(endpoint.containerId);
    assert(record !== undefined);
    assert.deepEqual(describeEndpoint(BRIDGE, record), endpoint);
  });

  it("have no IPv6 address in a container that has IPv6 switched off", () => {
    const { containerId, address, address6, gateway6 } = reserve("web", { network: "dual", withoutIpv6: true });
    assert.deepEqual([address, address6, gateway6], ["10.2.0.128", "", ""]);
    assert.equal(claimAddresses(store, containerId), false, "it lacks none when it starts");
  });

  it("have an address of each family, and all that was asked for, on a network of the user's own", () => {
    const endpoint = reserve("web", {
      network: "dual",
      hostname: "web.example.com",
      ip6Address: "fd00:2:0:0::9",
      linkLocalAddresses: ["169.254.7.7"],
      aliases: ["www", "web"],
      links: ["db:database"],
      driverOptions: { "com.docker.network.endpoint.ifname": "lan0" },
      gatewayPriority: 7,
    });
    const { address, prefixLength, gateway, address6, prefixLength6, gateway6 } = endpoint;
    assert.deepEqual([address, prefixLength, gateway], ["10.2.0.128", 24, "10.2.0.1"]);
    assert.deepEqual([address6, prefixLength6, gateway6], ["fd00:2::9", 64, "fd00:2::1"]);
    assert.deepEqual(endpoint.dnsNames, ["web", "www", endpoint.containerId.slice(0, 12), "web.example.com"]);
    assert.deepEqual(endpoint.links, ["db:database"]);
    assert.deepEqual(endpoint.asked, { ipv6: "fd00:2:0:0::9", linkLocal: ["169.254.7.7"] });
    assert.equal(endpoint.gatewayPriority, 7);
    assert.equal(reserve("next", { network: "dual" }).address, "10.2.0.130");
    assert.equal(reserve("third", { network: "dual" }).address6, "fd00:2::3");
  });

  for (const [more, message] of [
    [{ ipAddress: "fd00::1" }, "invalid endpoint settings:\ninvalid IPv4 address: fd00::1"],
    [{ ip6Address: "10.1.0.3" }, "invalid endpoint settings:\ninvalid IPv6 address: 10.1.0.3"],
    [
      { ip6Address: "fd00::3" },
      "invalid endpoint settings:\nno configured subnet or ip-range contain the IP address fd00::3",
    ],
    [{ linkLocalAddresses: ["10.0.0.1"] }, "invalid endpoint settings:\ninvalid link-local IP address: 10.0.0.1"],
    [{ links: [":a"] }, "bad format for links: :a"],
    [{ links: ["a:b:c"] }, "bad format for links: a:b:c"],
  ] as const) {
    it(`refuse ${JSON.stringify(more)}`, () => {
      assert.throws(() => reserve("bad", more), { message, status: 400 });
      assert.deepEqual(store.containersWithEndpoints(), []);
    });
  }

  it("are lost with their network: their containers are told", () => {
    const { containerId } = reserve("web", { network: "dual" });
    store.transaction(() => {
      store.loseNetwork(DUAL);
      store.removeNetwork(DUAL.id);
    });
    assert.deepEqual(store.endpointsOfContainer(containerId), []);
    assert.deepEqual(store.lostNetworksOf(containerId), [{ networkId: DUAL.id, networkName: "dual" }]);
    store.saveNetwork({ ...DUAL, id: `cc${"1".repeat(62)}` });
    reserve("web", { network: "dual", containerId });
    assert.deepEqual(store.lostNetworksOf(containerId), []);
  });

  it("name their interfaces while the sandbox is up", () => {
    const { id, containerId } = reserve("web");
    store.setInterfaceName(id, "eth0");
    const [record] = store.endpointsOfContainer(containerId);
    assert(record !== undefined);
    const { interfaceName, hostInterface } = describeEndpoint(BRIDGE, record);
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
    store.removeContainer(last.containerId);
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
    reserveEndpoint(store, request, { starts: true });
    assert.throws(() => reserveEndpoint(store, request, { starts: true }), { status: 409 });
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
      message: "network aa is ambiguous (2 matches found based on ID prefix)",
      status: 400,
    });
  });

  it("cannot be stored twice with one address, nor ports twice: the database has the last word", () => {
    const { networkId, containerId } = reserve("a");
    const [first] = store.endpointsOfNetwork(networkId);
    assert(first !== undefined);
    assert.throws(() => store.addEndpoint({ ...first, id: generateId(), containerId: generateId() }), /UNIQUE/);
    const port = { protocol: "tcp", containerPort: 80, hostIp: "0.0.0.0", hostPort: 8080 } as const;
    const sandbox = { namespacePath: undefined, bindings: [port], dns: {}, kept: false };
    const other = generateId();
    for (const id of [containerId, other]) store.saveSandbox({ ...sandbox, containerId: id });
    store.addPorts(containerId, [port]);
    assert.throws(() => store.addPorts(other, [port]), /UNIQUE/);
    assert.deepEqual(store.portsOf(containerId), [port]);
    assert.deepEqual(store.sandbox(containerId), { ...sandbox, containerId });
  });
});

describe("addresses that are asked for", () => {
  let database: Store;
  let store: NetworkStore;
  beforeEach(() => {
    database = new Store(":memory:", [networkMigrations]);
    store = new NetworkStore(database);
    for (const network of [BRIDGE, DUAL]) store.saveNetwork(network);
  });
  afterEach(() => database[Symbol.dispose]());

  const create = (name: string, more: Partial<EndpointRequest> = {}) =>
    reserveEndpoint(
      store,
      { containerId: generateId(), containerName: name, network: "bridge", ...more },
      { starts: false },
    );
  const addressesOf = (containerId: string): string[] =>
    store.endpointsOfContainer(containerId).flatMap((record) => {
      const { address, address6 } = describeEndpoint(store.networkOf(record), record);
      return [address, address6];
    });

  it("wait for the start of their container while another has them", () => {
    const former = create("former", { ipAddress: "10.1.0.5" });
    const { containerId } = create("successor", { ipAddress: "10.1.0.5" });
    assert.deepEqual(addressesOf(containerId), ["", ""]);
    store.setInterfaceName(former.id, "eth0");
    assert.throws(() => claimAddresses(store, containerId), { message: "Address already in use", status: 403 });
    store.removeContainer(former.containerId);
    assert.equal(claimAddresses(store, containerId), true);
    assert.deepEqual(addressesOf(containerId), ["10.1.0.5", ""]);
    assert.equal(claimAddresses(store, containerId), false);
  });

  it("are taken from a container that does not run, which gets another when it starts", () => {
    const resting = create("resting");
    const asking = create("asking", { ipAddress: "10.1.0.2" });
    assert.deepEqual(addressesOf(resting.containerId), ["10.1.0.2", ""]);
    claimAddresses(store, asking.containerId);
    assert.deepEqual(addressesOf(asking.containerId), ["10.1.0.2", ""]);
    assert.deepEqual(addressesOf(resting.containerId), ["", ""]);
    claimAddresses(store, resting.containerId);
    assert.deepEqual(addressesOf(resting.containerId), ["10.1.0.3", ""]);
  });

  it("change hands by family", () => {
    const network = { network: "dual" };
    const both = create("both", network);
    const [own = "", own6 = ""] = addressesOf(both.containerId);
    const asking = create("asking", { ...network, ip6Address: own6 });
    claimAddresses(store, asking.containerId);
    assert.deepEqual(addressesOf(both.containerId), [own, ""]);
    assert.equal(addressesOf(asking.containerId)[1], own6);
  });

  it("are refused at once when they can never be had", () => {
    for (const ipAddress of ["10.1.0.1", "10.1.0.7"]) {
      assert.throws(() => create("web", { ipAddress }), { message: "Address already in use" });
    }
  });
});
