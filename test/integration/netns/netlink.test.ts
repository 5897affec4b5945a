import assert from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { formatCidr, parseAddress, parseCidr } from "../../../netns/ipam/ip.ts";
import { createNamespace, enterNetworkNamespace } from "../../../netns/namespace.ts";
import { addAddress, listAddresses, removeAddress } from "../../../netns/netlink/address.ts";
import { changeBridgePort } from "../../../netns/netlink/bridge-port.ts";
import {
  changeLink,
  createBridge,
  createVethPair,
  deleteLink,
  findLink,
  listLinks,
} from "../../../netns/netlink/link.ts";
import {
  addDefaultRoute,
  addRoute,
  defaultRoute,
  everywhere,
  listRoutes,
  removeRoute,
  replaceRoute,
} from "../../../netns/netlink/route.ts";
import { NetlinkError, NetlinkSocket } from "../../../netns/netlink/transport.ts";
import { ip, ipJson, PrivateNetwork } from "./private-network.ts";

const MAC = "02:42:00:00:00:01";

describe("netlink, against iproute2", () => {
  it("makes a bridge, changes and deletes it", () => {
    using _network = PrivateNetwork.enter();
    using netlink = NetlinkSocket.open();
    createBridge(netlink, { name: "br0", macAddress: MAC, mtu: 1400 });
    const bridge = findLink(netlink, "br0");
    assert(bridge !== undefined);
    changeLink(netlink, bridge.index, { up: true, alias: "a bridge", mtu: 1300 });
    const [shown] = ipJson("link", "show", "br0");
    assert.equal(shown?.["address"], MAC);
    assert.equal(shown?.["mtu"], 1300);
    assert.equal(shown?.["ifalias"], "a bridge");
    assert.deepEqual(findLink(netlink, "br0"), { ...bridge, up: true, alias: "a bridge", mtu: 1300 });
    assert.equal(deleteLink(netlink, "br0"), true);
    assert.equal(deleteLink(netlink, "br0"), false);
    assert.equal(findLink(netlink, "br0"), undefined);
  });

  it("makes a veth pair in one request: up, in its bridge, the peer named and in its namespace", () => {
    using network = PrivateNetwork.enter();
    using netlink = NetlinkSocket.open();
    const path = network.namespace("inner");
    createNamespace(path, () => {});
    createBridge(netlink, { name: "br0", macAddress: MAC, mtu: 1500 });
    const master = findLink(netlink, "br0")?.index ?? 0;
    const namespaceFd = openSync(path, "r");
    createVethPair(netlink, {
      name: "veth0",
      mtu: 1400,
      master,
      peer: { name: "eth0", macAddress: "02:42:00:00:00:02", namespaceFd },
    });
    closeSync(namespaceFd);
    changeBridgePort(netlink, "veth0", { hairpin: true, isolated: true });
    const [outer] = ipJson("link", "show", "veth0") as { master?: string; flags?: string[]; mtu?: number }[];
    assert.equal(outer?.master, "br0");
    assert.equal(outer?.mtu, 1400);
    assert(outer?.flags?.includes("UP"));
    assert.match(ip("-details", "link", "show", "veth0"), /hairpin on/);
    assert.match(ip("-details", "link", "show", "veth0"), /isolated on/);
    assert.deepEqual(
      listLinks(netlink, master).map(({ name, kind }) => ({ name, kind })),
      [{ name: "veth0", kind: "veth" }],
    );
    const [inner] = enterNetworkNamespace(path, () => ipJson("link", "show", "eth0"));
    assert.equal(inner?.["address"], "02:42:00:00:00:02");
    assert.equal(inner?.["mtu"], 1400);
  });

  it("adds, lists and removes addresses", () => {
    using _network = PrivateNetwork.enter();
    using netlink = NetlinkSocket.open();
    createBridge(netlink, { name: "br0", macAddress: MAC, mtu: 1500 });
    const index = findLink(netlink, "br0")?.index ?? 0;
    addAddress(netlink, index, parseCidr("10.1.2.3/24"));
    addAddress(netlink, index, parseCidr("10.9.0.1/32"));
    assert.match(ip("address", "show", "br0"), /inet 10\.1\.2\.3\/24 brd 10\.1\.2\.255 scope global br0/);
    assert.deepEqual(listAddresses(netlink, index).map(formatCidr).sort(), ["10.1.2.3/24", "10.9.0.1/32"]);
    assert.throws(() => addAddress(netlink, index, parseCidr("10.1.2.3/24")), { code: "EEXIST" });
    removeAddress(netlink, index, parseCidr("10.1.2.3/24"));
    assert.deepEqual(listAddresses(netlink, index).map(formatCidr), ["10.9.0.1/32"]);
  });

  it("adds IPv6 addresses that are in use at once, and routes that are replaced", () => {
    using _network = PrivateNetwork.enter();
    using netlink = NetlinkSocket.open();
    createBridge(netlink, { name: "br0", macAddress: MAC, mtu: 1500 });
    const index = findLink(netlink, "br0")?.index ?? 0;
    changeLink(netlink, index, { up: true });
    addAddress(netlink, index, parseCidr("fd00:1::1/64"));
    assert.match(ip("-6", "address", "show", "br0"), /inet6 fd00:1::1\/64 scope global nodad/);
    assert.deepEqual(listAddresses(netlink, index, 6).map(formatCidr), ["fd00:1::1/64"]);
    for (const gateway of ["fd00:1::2", "fd00:1::3"]) {
      replaceRoute(netlink, { destination: everywhere(6), gateway: parseAddress(gateway), link: index });
    }
    assert.match(ip("-6", "route", "show", "default"), /^default via fd00:1::3 dev br0[^\n]*\n$/);
    assert.deepEqual(defaultRoute(netlink, 6)?.gateway, parseAddress("fd00:1::3"));
    assert.equal(removeRoute(netlink, everywhere(6)), true);
    assert.equal(removeRoute(netlink, everywhere(6)), false);
    assert.equal(defaultRoute(netlink, 6), undefined);
    removeAddress(netlink, index, parseCidr("fd00:1::1/64"));
    assert.deepEqual(listAddresses(netlink, index, 6), []);
  });

  it("adds routes and lists those of all tables", () => {
    using _network = PrivateNetwork.enter();
    using netlink = NetlinkSocket.open();
    createBridge(netlink, { name: "br0", macAddress: MAC, mtu: 1500 });
    const link = findLink(netlink, "br0")?.index ?? 0;
    addAddress(netlink, link, parseCidr("10.1.2.3/24"));
    changeLink(netlink, link, { up: true });
    addDefaultRoute(netlink, parseAddress("10.1.2.254"), link);
    addRoute(netlink, { destination: parseCidr("10.5.0.0/16"), gateway: parseAddress("10.1.2.9"), link });
    ip("route", "add", "10.6.0.0/16", "via", "10.1.2.9", "table", "51820");
    ip("route", "add", "blackhole", "10.7.0.0/16");
    assert.match(ip("route"), /^default via 10\.1\.2\.254 dev br0 /m);
    const routes = listRoutes(netlink).map(({ destination, table, gateway }) => ({
      to: formatCidr(destination),
      table,
      gateway,
    }));
    const gateway = parseAddress("10.1.2.9");
    assert(routes.some(({ to, table }) => to === "0.0.0.0/0" && table === 254));
    assert.deepEqual(routes.find(({ to }) => to === "10.6.0.0/16")?.table, 51820);
    assert.deepEqual(
      routes.find(({ to }) => to === "10.5.0.0/16"),
      { to: "10.5.0.0/16", table: 254, gateway },
    );
    assert.deepEqual(routes.find(({ to }) => to === "10.7.0.0/16")?.gateway, undefined);
    assert(routes.some(({ to, table }) => to === "10.1.2.3/32" && table === 255));
  });

  it("passes the kernel's own text on, with errno and code", () => {
    using _network = PrivateNetwork.enter();
    using netlink = NetlinkSocket.open();
    assert.throws(
      () => addDefaultRoute(netlink, parseAddress("9.9.9.9"), 1),
      (error) => {
        assert(error instanceof NetlinkError);
        assert.equal(error.code, "ENETUNREACH");
        assert.equal(error.errno, 101);
        assert.equal(error.kernelText, "Nexthop has invalid gateway");
        assert.equal(error.message, "add route 0.0.0.0/0 via 9.9.9.9: Nexthop has invalid gateway (ENETUNREACH)");
        return true;
      },
    );
  });

  it("lists more links than one read holds", () => {
    using _network = PrivateNetwork.enter();
    using netlink = NetlinkSocket.open();
    for (let index = 0; index < 80; index++) createBridge(netlink, { name: `br${index}`, macAddress: MAC, mtu: 1500 });
    assert.equal(listLinks(netlink).filter(({ kind }) => kind === "bridge").length, 80);
  });

  it("goes on in its own namespace after the thread has left it, and refuses work when closed", () => {
    using network = PrivateNetwork.enter();
    const inside = createNamespace(network.namespace("inner"), () => NetlinkSocket.open());
    createBridge(inside, { name: "inner0", macAddress: MAC, mtu: 1500 });
    using outside = NetlinkSocket.open();
    assert.equal(findLink(outside, "inner0"), undefined);
    assert.equal(findLink(inside, "inner0")?.kind, "bridge");
    inside[Symbol.dispose]();
    assert.throws(() => findLink(inside, "inner0"), /the netlink socket is closed/);
  });
});
