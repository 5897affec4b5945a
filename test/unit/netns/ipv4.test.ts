import assert from "node:assert/strict";
import fc from "fast-check";
import {
  broadcastOf,
  contains,
  formatAddress,
  formatCidr,
  overlaps,
  parseAddress,
  parseCidr,
  subnetOf,
} from "../../../netns/ipam/ipv4.ts";

const address = fc.integer({ min: 0, max: 0xffffffff });
const cidr = fc.record({ address, prefixLength: fc.integer({ min: 0, max: 32 }) }, { noNullPrototype: true });

describe("IPv4 arithmetic", () => {
  it("reads back every address and prefix that it writes", () => {
    fc.assert(fc.property(cidr, (value) => assert.deepEqual(parseCidr(formatCidr(value)), value)));
  });

  it("knows the first and the last address of a subnet", () => {
    const value = parseCidr("172.17.3.4/16");
    assert.equal(formatCidr(subnetOf(value)), "172.17.0.0/16");
    assert.equal(formatAddress(broadcastOf(value)), "172.17.255.255");
    assert.equal(formatCidr(subnetOf(parseCidr("255.255.255.255/0"))), "0.0.0.0/0");
  });

  it("finds an address in its own subnet, between first and last", () => {
    fc.assert(
      fc.property(cidr, (value) => {
        assert(contains(value, value.address));
        assert(subnetOf(value).address <= value.address && value.address <= broadcastOf(value));
      }),
    );
  });

  it("calls two subnets overlapping exactly when their ranges of addresses meet", () => {
    fc.assert(
      fc.property(cidr, cidr, (a, b) => {
        const meet = subnetOf(a).address <= broadcastOf(b) && subnetOf(b).address <= broadcastOf(a);
        assert.equal(overlaps(a, b), meet);
        assert.equal(overlaps(b, a), meet);
      }),
    );
  });

  for (const text of ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.04", "1.2.3.-4", " 1.2.3.4", "::1"]) {
    it(`refuses ${JSON.stringify(text)} as an address`, () => {
      assert.throws(() => parseAddress(text), {
        code: "CTR_ADDRESS_INVALID",
        message: `invalid IPv4 address: ${text}`,
      });
    });
  }

  for (const text of ["", "1.2.3.4", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4/8/9", "1.2.3/8", "1.2.3.4/ 8", "1.2.3.4/08"]) {
    it(`refuses ${JSON.stringify(text)} as a subnet`, () => {
      assert.throws(() => parseCidr(text), { code: "CTR_ADDRESS_INVALID", message: `invalid CIDR address: ${text}` });
    });
  }
});
