import assert from "node:assert/strict";
import { isIPv6 } from "node:net";
import fc from "fast-check";
import {
  addressOf,
  type Cidr,
  contains,
  formatAddress,
  formatCidr,
  lastOf,
  overlaps,
  parseAddress,
  parseCidr,
  readAddress,
  subnetOf,
} from "../../../netns/ipam/ip.ts";

/** IPv4 in IPv6 (::ffff:0:0/96) is left out: it reads back as IPv4. */
const value6 = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }).filter((value) => value >> 32n !== 0xffffn);
const cidr: fc.Arbitrary<Cidr> = fc.oneof(
  fc.record(
    {
      family: fc.constant<4>(4),
      address: fc.bigInt({ min: 0n, max: 0xffffffffn }),
      prefixLength: fc.integer({ min: 0, max: 32 }),
    },
    { noNullPrototype: true },
  ),
  fc.record(
    { family: fc.constant<6>(6), address: value6, prefixLength: fc.integer({ min: 0, max: 128 }) },
    { noNullPrototype: true },
  ),
);

describe("IP arithmetic", () => {
  it("reads back every address and prefix that it writes", () => {
    fc.assert(fc.property(cidr, (value) => assert.deepEqual(parseCidr(formatCidr(value)), value)));
  });

  it("writes IPv6 as RFC 5952 wants it, and as the URL parser does", () => {
    fc.assert(
      fc.property(value6, (value) => {
        const text = formatAddress({ family: 6, value });
        assert(isIPv6(text));
        assert.equal(`[${text}]`, new URL(`http://[${text}]`).hostname);
      }),
    );
    for (const [long, short] of [
      ["0:0:0:0:0:0:0:0", "::"],
      ["0:0:0:0:0:0:0:1", "::1"],
      ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
      ["2001:0db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
      ["FE80:0:0:0:0:0:0:0", "fe80::"],
      ["10:0:0:0:0:0:0:100", "10::100"],
      ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
      ["::ffff:10.0.0.1", "10.0.0.1"],
    ] as const) {
      assert.equal(formatAddress(parseAddress(long)), short);
    }
  });

  it("knows the first and the last address of a subnet", () => {
    const value = parseCidr("172.17.3.4/16");
    assert.equal(formatCidr(subnetOf(value)), "172.17.0.0/16");
    assert.equal(formatAddress({ family: 4, value: lastOf(value) }), "172.17.255.255");
    assert.equal(formatCidr(subnetOf(parseCidr("255.255.255.255/0"))), "0.0.0.0/0");
    assert.equal(formatCidr(subnetOf(parseCidr("fd00:1:2:3::9/48"))), "fd00:1:2::/48");
  });

  it("finds an address in its own subnet, between first and last", () => {
    fc.assert(
      fc.property(cidr, (value) => {
        assert(contains(value, addressOf(value)));
        assert(subnetOf(value).address <= value.address && value.address <= lastOf(value));
      }),
    );
  });

  it("calls two subnets overlapping exactly when their ranges of addresses meet", () => {
    fc.assert(
      fc.property(cidr, cidr, (a, b) => {
        const meet = subnetOf(a).address <= lastOf(b) && subnetOf(b).address <= lastOf(a) && a.family === b.family;
        assert.equal(overlaps(a, b), meet);
        assert.equal(overlaps(b, a), meet);
      }),
    );
  });

  for (const text of [
    "",
    "1.2.3",
    "1.2.3.4.5",
    "256.1.1.1",
    "1.2.3.04",
    "1.2.3.-4",
    " 1.2.3.4",
    "fe80::1%eth0",
    "::g",
  ]) {
    it(`refuses ${JSON.stringify(text)} as an address`, () => {
      assert.equal(readAddress(text), undefined);
      assert.throws(() => parseAddress(text), {
        code: "CTR_ADDRESS_INVALID",
        message: `invalid IP address: ${text}`,
      });
    });
  }

  for (const text of [
    ...["", "1.2.3.4", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4/8/9", "1.2.3/8", "1.2.3.4/ 8", "1.2.3.4/08"],
    ...["fd00::", "fd00::/129", "fd00::/-1", "::ffff:10.0.0.0/104"],
  ]) {
    it(`refuses ${JSON.stringify(text)} as a subnet`, () => {
      assert.throws(() => parseCidr(text), { code: "CTR_ADDRESS_INVALID", message: `invalid CIDR address: ${text}` });
    });
  }
});
