import assert from "node:assert/strict";
import fc from "fast-check";
import { formatAddress, parseAddress, parseCidr } from "../../../netns/ipam/ipv4.ts";
import { defaultGateway, type LeasePool, lowestFreeAddress, requestedAddress } from "../../../netns/ipam/leases.ts";

const network = { name: "bridge", id: "f00d" };

function pool(subnet: string, taken: readonly string[] = [], gateway?: string): LeasePool {
  const parsed = parseCidr(subnet);
  return {
    network,
    subnet: parsed,
    gateway: gateway === undefined ? defaultGateway(parsed) : parseAddress(gateway),
    taken: taken.map(parseAddress).sort((a, b) => a - b),
  };
}

const lowest = (of: LeasePool): string => formatAddress(lowestFreeAddress(of));

describe("leases", () => {
  it("hand out the lowest free address after the gateway", () => {
    assert.equal(lowest(pool("172.17.0.0/16")), "172.17.0.2");
    assert.equal(lowest(pool("172.17.0.0/16", ["172.17.0.2", "172.17.0.3", "172.17.0.5"])), "172.17.0.4");
    assert.equal(lowest(pool("172.17.0.0/16", ["172.17.0.3"])), "172.17.0.2");
  });

  it("step over a gateway that is not the first address", () => {
    assert.equal(lowest(pool("10.1.0.0/29", ["10.1.0.1"], "10.1.0.2")), "10.1.0.3");
    assert.equal(lowest(pool("10.1.0.0/29", [], "10.1.0.6")), "10.1.0.1");
  });

  it("use both addresses of a /31 but the gateway", () => {
    assert.equal(lowest(pool("10.1.0.0/31")), "10.1.0.1");
  });

  it("end with Docker's text when the subnet is full", () => {
    const message = "no available IPv4 addresses on this network's address pools: bridge (f00d)";
    assert.throws(() => lowestFreeAddress(pool("10.1.0.0/30", ["10.1.0.2"])), { message });
    assert.throws(() => lowestFreeAddress(pool("10.1.0.0/32")), { message });
  });

  it("give every address of a subnet exactly once, and only usable ones", () => {
    fc.assert(
      fc.property(fc.integer({ min: 25, max: 31 }), fc.nat(120), (prefixLength, gatewayOffset) => {
        const subnet = { address: parseAddress("192.168.5.0"), prefixLength };
        const size = 2 ** (32 - prefixLength);
        const gateway = prefixLength === 31 ? subnet.address : subnet.address + 1 + (gatewayOffset % (size - 2));
        const taken: number[] = [];
        const usable = prefixLength === 31 ? 1 : size - 3;
        for (let count = 0; count < usable; count++) {
          const next = lowestFreeAddress({ network, subnet, gateway, taken });
          assert(!taken.includes(next) && next !== gateway && next >= subnet.address && next < subnet.address + size);
          taken.push(next);
        }
        assert.throws(() => lowestFreeAddress({ network, subnet, gateway, taken }), { kind: "conflict" });
      }),
      { numRuns: 30 },
    );
  });

  it("give an address that was asked for", () => {
    assert.equal(formatAddress(requestedAddress(pool("10.1.0.0/24"), "10.1.0.77")), "10.1.0.77");
  });

  for (const [address, what] of [
    ["10.1.0.0", "the network's own"],
    ["10.1.0.255", "the broadcast"],
    ["10.1.0.1", "the gateway's"],
    ["10.1.0.9", "a taken"],
  ] as const) {
    it(`refuse ${what} address`, () => {
      assert.throws(() => requestedAddress(pool("10.1.0.0/24", ["10.1.0.9"]), address), {
        message: "Address already in use",
        status: 403,
      });
    });
  }

  it("refuse an address outside the subnet", () => {
    assert.throws(() => requestedAddress(pool("10.1.0.0/24"), "10.2.0.1"), {
      message: "invalid endpoint settings:\nno configured subnet contains IP address 10.2.0.1",
      status: 400,
    });
  });
});
