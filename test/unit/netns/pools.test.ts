import assert from "node:assert/strict";
import { type Logger, silentLogger } from "../../../lib/log.ts";
import { formatCidr, parseAddress, parseCidr } from "../../../netns/ipam/ip.ts";
import {
  checkPool,
  checkPools,
  checkSubnet,
  choosePool,
  DEFAULT_POOLS,
  type Occupied,
  occupiedByRoutes,
  type PoolRequest,
  ulaPool,
} from "../../../netns/ipam/pools.ts";
import { RouteType } from "../../../netns/netlink/constants.ts";
import type { Link } from "../../../netns/netlink/link.ts";
import type { Route } from "../../../netns/netlink/route.ts";

const route = (destination: string, more: Partial<Route> = {}): Route => ({
  destination: parseCidr(destination),
  gateway: undefined,
  link: 2,
  table: 254,
  type: RouteType.unicast,
  metric: 0,
  ...more,
});

const link = (index: number, name: string): Link => ({
  index,
  name,
  kind: "",
  macAddress: "",
  mtu: 1500,
  up: true,
  carrier: true,
  arp: true,
  master: undefined,
  parent: undefined,
  alias: "",
});
const links = [link(2, "eth0"), link(3, "tun0"), link(4, "ctr0")];

const occupiedBy = (...routes: readonly Route[]): Occupied[] => occupiedByRoutes(routes, links, new Set(["ctr0"]));
const request = (occupied: readonly Occupied[], more: Partial<PoolRequest> = {}): PoolRequest => ({
  network: "bridge",
  family: 4,
  pools: DEFAULT_POOLS,
  occupied,
  ...more,
});
const choose = (...routes: readonly Route[]): string =>
  formatCidr(choosePool(request(occupiedBy(...routes)), silentLogger));

describe("address pools", () => {
  it("are Docker's, in Docker's order", () => {
    const taken: Occupied[] = [];
    const subnets = Array.from({ length: 31 }, () => {
      const subnet = choosePool(request(taken), silentLogger);
      taken.push({ subnet, by: "a network", isNetwork: true });
      return formatCidr(subnet);
    });
    assert.throws(() => choosePool(request(taken), silentLogger), { status: 503 });
    assert.deepEqual(
      subnets.slice(0, 5),
      [17, 18, 19, 20, 21].map((second) => `172.${second}.0.0/16`),
    );
    assert.equal(subnets[14], "172.31.0.0/16");
    assert.deepEqual(subnets.slice(15, 17), ["192.168.0.0/20", "192.168.16.0/20"]);
    assert.equal(subnets.at(-1), "192.168.240.0/20");
  });

  it("have small subnets behind a big one that is taken", () => {
    // Counting through the 2^56 of the /64 that is taken would never end.
    const taken = [{ subnet: parseCidr("fd00:1:2::/64"), by: "network other", isNetwork: true }];
    const pools = [{ base: "fd00:1:2::/48", size: 64 }];
    const subnet = choosePool(request(taken, { family: 6, pools, size: 120 }), silentLogger);
    assert.equal(formatCidr(subnet), "fd00:1:2:1::/120");
    assert.throws(() =>
      choosePool(
        request([{ subnet: parseCidr("fd00::/16"), by: "a route" }], { family: 6, pools, size: 120 }),
        silentLogger,
      ),
    );
  });

  it("begin with 172.17.0.0/16", () => {
    assert.equal(
      choose(route("0.0.0.0/0", { gateway: parseAddress("10.0.0.1") }), route("10.0.0.0/24")),
      "172.17.0.0/16",
    );
  });

  it("avoid the host's subnets and a VPN's routes through a gateway, of any table", () => {
    const vpn = { gateway: parseAddress("10.8.0.1"), link: 3, table: 51820 };
    assert.equal(choose(route("172.17.5.0/24"), route("172.18.0.0/15", vpn)), "172.20.0.0/16");
    assert.equal(choose(route("172.16.0.0/12", vpn)), "192.168.0.0/20");
    assert.equal(choose(route("172.17.0.9/32", { type: RouteType.local, table: 255 })), "172.18.0.0/16");
    assert.equal(choose(route("172.17.0.0/16", { type: RouteType.blackhole, link: undefined })), "172.18.0.0/16");
  });

  it("are not all taken by the two halves of a VPN's default route", () => {
    assert.equal(choose(route("0.0.0.0/1", { link: 3 }), route("128.0.0.0/1", { link: 3 })), "172.17.0.0/16");
  });

  it("do not take the network's own bridge for an obstacle", () => {
    assert.equal(choose(route("172.17.0.0/16", { link: 4 })), "172.17.0.0/16");
  });

  it("log which route forced the choice", () => {
    const lines: string[] = [];
    const logger: Logger = { ...silentLogger, info: (text) => lines.push(text) };
    choosePool(request(occupiedBy(route("172.16.0.0/15", { gateway: parseAddress("10.8.0.1"), link: 3 }))), logger);
    assert.deepEqual(lines, [
      "Network bridge does not take 172.17.0.0/16: it overlaps the host's route 172.16.0.0/15 via 10.8.0.1 dev tun0.",
    ]);
  });

  it("end with Docker's text when none is left", () => {
    assert.throws(() => choose(route("172.16.0.0/12"), route("192.168.0.0/16")), {
      message: "all predefined address pools have been fully subnetted",
    });
  });

  it("refuse a chosen subnet that overlaps, and name the route", () => {
    const occupied = occupiedBy(route("10.9.8.0/24"));
    checkPool("bridge", parseCidr("10.9.7.1/24"), occupied);
    assert.throws(() => checkPool("bridge", parseCidr("10.9.0.1/16"), occupied), {
      message: "the subnet 10.9.0.0/16 of network bridge overlaps the host's route 10.9.8.0/24 dev eth0",
      code: "CTR_POOL_OVERLAPS",
    });
  });

  it("are cut as the configuration says, of the size that is asked for", () => {
    const pools = [
      { base: "10.9.0.0/16", size: 24 },
      { base: "fd00:9::/48", size: 64 },
    ];
    const cut = (more: Partial<PoolRequest>) => formatCidr(choosePool(request([], { pools, ...more }), silentLogger));
    assert.equal(cut({}), "10.9.0.0/24");
    assert.equal(cut({ size: 28 }), "10.9.0.0/28");
    assert.equal(cut({ family: 6 }), "fd00:9::/64");
    const occupied = [{ subnet: parseCidr("fd00:9::/63"), by: "network a" }];
    assert.equal(cut({ family: 6, occupied }), "fd00:9:0:2::/64");
    assert.throws(() => checkPools([{ base: "10.9.0.0/16", size: 8 }]), { code: "CTR_POOL_INVALID" });
    assert.throws(() => checkPools([{ base: "10.9", size: 8 }]), { code: "CTR_POOL_INVALID" });
  });

  it("of IPv6 are a block of the engine's own", () => {
    assert.match(ulaPool("a seed").base, /^fd[0-9a-f:]+::\/48$/);
    assert.deepEqual(ulaPool("a seed"), ulaPool("a seed"));
    assert.notDeepEqual(ulaPool("a seed"), ulaPool("another"));
  });

  it("refuse what overlaps another network, with Docker's text, and warn of the host's routes", () => {
    const occupied = [{ subnet: parseCidr("10.1.0.0/16"), by: "network a", isNetwork: true }];
    assert.throws(() => checkSubnet("b", parseCidr("10.1.2.0/24"), occupied), {
      message: "invalid pool request: Pool overlaps with other one on this address space",
      status: 403,
    });
    assert.equal(checkSubnet("b", parseCidr("10.2.0.0/24"), occupied), undefined);
    const warning = checkSubnet("b", parseCidr("10.9.0.0/16"), occupiedBy(route("10.9.8.0/24")));
    assert.equal(warning, "the subnet 10.9.0.0/16 of network b hides the host's route 10.9.8.0/24 dev eth0");
  });
});
