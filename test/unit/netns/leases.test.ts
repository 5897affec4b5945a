import assert from "node:assert/strict";
import fc from "fast-check";
import { formatAddress, parseAddress, parseCidr } from "../../../netns/ipam/ip.ts";
import {
  defaultGateway,
  type LeasePool,
  leasePool,
  lowestFreeAddress,
  requestedAddress,
} from "../../../netns/ipam/leases.ts";
import type { Subnet } from "../../../netns/types.ts";

const network = { name: "bridge", id: "f00d" };

function pool(subnet: string, taken: readonly string[] = [], more: Partial<Subnet> = {}): LeasePool {
  const gateway = formatAddress(defaultGateway(parseCidr(subnet)));
  const values = taken.map((text) => parseAddress(text).value).sort((a, b) => (a < b ? -1 : 1));
  return leasePool(network, { subnet, gateway, ...more }, values);
}

const lowest = (...of: readonly LeasePool[]): string => formatAddress(lowestFreeAddress(of));
const requested = (address: string, ...of: readonly LeasePool[]): string =>
  formatAddress(requestedAddress(of, parseAddress(address)));

describe("leases", () => {
  it("hand out the lowest free address after the gateway", () => {
    assert.equal(lowest(pool("172.17.0.0/16")), "172.17.0.2");
    assert.equal(lowest(pool("172.17.0.0/16", ["172.17.0.2", "172.17.0.3", "172.17.0.5"])), "172.17.0.4");
    assert.equal(lowest(pool("172.17.0.0/16", ["172.17.0.3"])), "172.17.0.2");
    assert.equal(lowest(pool("fd00:1::/64", ["fd00:1::2"])), "fd00:1::3");
  });

  it("step over a gateway that is not the first address, and over auxiliary addresses", () => {
    assert.equal(lowest(pool("10.1.0.0/29", ["10.1.0.1"], { gateway: "10.1.0.2" })), "10.1.0.3");
    assert.equal(lowest(pool("10.1.0.0/29", [], { gateway: "10.1.0.6" })), "10.1.0.1");
    assert.equal(lowest(pool("10.1.0.0/29", [], { auxAddresses: { router: "10.1.0.2" } })), "10.1.0.3");
  });

  it("stay within the range, where there is one; what is asked for may lie outside", () => {
    const ranged = pool("10.1.0.0/16", ["10.1.9.0"], { ipRange: "10.1.9.0/30" });
    assert.equal(lowest(ranged), "10.1.9.1");
    assert.equal(requested("10.1.0.77", ranged), "10.1.0.77");
    const full = pool("10.1.0.0/16", ["10.1.9.0", "10.1.9.1", "10.1.9.2", "10.1.9.3"], { ipRange: "10.1.9.0/30" });
    assert.throws(() => lowest(full), { code: "CTR_ADDRESSES_EXHAUSTED" });
  });

  it("go on in the next subnet when the first is full", () => {
    assert.equal(lowest(pool("10.1.0.0/30", ["10.1.0.2"]), pool("10.2.0.0/24", ["10.1.0.2"])), "10.2.0.2");
  });

  it("use both addresses of a /31 but the gateway", () => {
    assert.equal(lowest(pool("10.1.0.0/31")), "10.1.0.1");
  });

  it("end with Docker's text when the subnet is full", () => {
    const message = "no available IPv4 addresses on this network's address pools: bridge (f00d)";
    assert.throws(() => lowest(pool("10.1.0.0/30", ["10.1.0.2"])), { message });
    assert.throws(() => lowest(pool("10.1.0.0/32")), { message });
  });

  it("give every address of a subnet exactly once, and only usable ones", () => {
    fc.assert(
      fc.property(fc.integer({ min: 25, max: 31 }), fc.nat(120), (prefixLength, gatewayOffset) => {
        const subnet = { ...parseCidr("192.168.5.0/24"), prefixLength };
        const size = 2n ** BigInt(32 - prefixLength);
        const gateway =
          prefixLength === 31 ? subnet.address : subnet.address + 1n + (BigInt(gatewayOffset) % (size - 2n));
        const reserved = new Set([gateway]);
        const taken: bigint[] = [];
        const usable = prefixLength === 31 ? 1n : size - 3n;
        for (let count = 0n; count < usable; count++) {
          const { value } = lowestFreeAddress([{ network, subnet, reserved, taken }]);
          assert(!taken.includes(value) && value !== gateway);
          assert(value >= subnet.address && value < subnet.address + size);
          taken.push(value);
        }
        assert.throws(() => lowestFreeAddress([{ network, subnet, reserved, taken }]), { kind: "conflict" });
      }),
      { numRuns: 30 },
    );
  });

  it("give an address that was asked for", () => {
    assert.equal(requested("10.1.0.77", pool("10.1.0.0/24")), "10.1.0.77");
    assert.equal(requested("fd00::77", pool("fd00::/64")), "fd00::77");
  });

  for (const [address, what] of [
    ["10.1.0.0", "the network's own"],
    ["10.1.0.255", "the broadcast"],
    ["10.1.0.1", "the gateway's"],
    ["10.1.0.9", "a taken"],
  ] as const) {
    it(`refuse ${what} address`, () => {
      assert.throws(() => requested(address, pool("10.1.0.0/24", ["10.1.0.9"])), {
        message: "Address already in use",
        status: 403,
      });
    });
  }

  it("refuse an address outside the subnet", () => {
    assert.throws(() => requested("10.2.0.1", pool("10.1.0.0/24")), {
      message: "invalid endpoint settings:\nno configured subnet or ip-range contain the IP address 10.2.0.1",
      status: 400,
    });
  });
});
