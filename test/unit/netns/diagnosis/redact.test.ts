import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { redact } from "../../../../netns/diagnosis/redact.ts";
import { AddressMapping } from "../../../../netns/diagnosis/redaction/addresses.ts";
import { mapText } from "../../../../netns/diagnosis/redaction/texts.ts";
import type { Snapshot } from "../../../../netns/index.ts";
import {
  type Address,
  bitsOf,
  contains,
  formatAddress,
  lastOf,
  parseAddress,
  parseCidr,
} from "../../../../netns/ipam/ip.ts";

const KEY = Buffer.from("a key of a test");
const FIXTURE = join(import.meta.dirname, "../../../fixtures/diagnosis/healthy.json");
const healthy = JSON.parse(readFileSync(FIXTURE, "utf8")) as Snapshot;

const address4 = fc.bigInt({ min: 0n, max: 0xffffffffn }).map((value): Address => ({ family: 4, value }));
const address6 = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }).map((value): Address => ({ family: 6, value }));
const shown = (mapping: AddressMapping, text: string): string => formatAddress(mapping.address(parseAddress(text)));

/** How many leading bits two addresses have in common, of those that are a network's. */
function commonBits(one: Address, other: Address): number {
  const difference = one.value ^ other.value;
  const bits = difference === 0n ? bitsOf(one.family) : bitsOf(one.family) - difference.toString(2).length;
  return Math.min(bits, one.family === 4 ? 32 : 64);
}

describe("addresses that stand for others", () => {
  const mapping = new AddressMapping(KEY);

  it("have as much in common as the real ones, so that networks contain what they contained", () => {
    for (const address of [address4, address6]) {
      fc.assert(
        fc.property(address, address, (one, other) => {
          assert.equal(commonBits(mapping.address(one), mapping.address(other)), commonBits(one, other));
        }),
      );
    }
  });

  it("are others than the public ones, and stay for those that every host has", () => {
    const real = ["8.8.8.8", "93.184.216.34", "151.101.1.69", "2a00:1450:4001:830::200e"];
    const changed = real.filter((text) => shown(mapping, text) !== text);
    assert.deepEqual(changed, real);
    for (const text of [
      "10.1.2.3",
      "127.0.0.11",
      "172.17.0.2",
      "192.168.1.1",
      "255.255.0.0",
      "0.0.0.0",
      "::",
      "fd00::2",
      "fe80::1",
    ]) {
      assert.equal(shown(mapping, text), text);
    }
  });

  it("never become a private one", () => {
    const isPrivate = (address: Address) =>
      contains(parseCidr("10.0.0.0/8"), address) || contains(parseCidr("172.16.0.0/12"), address);
    fc.assert(
      fc.property(address4, (address) => assert.equal(isPrivate(mapping.address(address)), isPrivate(address))),
    );
  });

  it("keep the host's place in its network: first, last, broadcast", () => {
    assert.match(shown(mapping, "93.184.216.255"), /\.255$/);
    const subnet = mapping.subnet(parseCidr("93.184.0.0/16"));
    assert.equal(subnet.address & 0xffffn, 0n);
    assert.ok(lastOf(subnet) > mapping.address(parseAddress("93.184.216.34")).value);
  });

  it("hide the hardware address in an identifier, in the same way as the hardware address itself", () => {
    const mac = "52:54:00:12:34:56";
    const mapped = mapping.mac(mac);
    assert.match(mapped, /^52:54:00:/);
    assert.notEqual(mapped, mac);
    const [d, e, f] = mapped.split(":").slice(3);
    const identifier = parseAddress(`fe80::5054:ff:fe${d}:${e}${f}`);
    assert.deepEqual(mapping.address(parseAddress("fe80::5054:ff:fe12:3456")), identifier);
    assert.equal(mapping.mac("ff:ff:ff:ff:ff:ff"), "ff:ff:ff:ff:ff:ff");
    assert.equal(mapping.mac("00:00:00:00:00:00"), "00:00:00:00:00:00");
  });

  it("are found in texts, and nothing else is", () => {
    const rule = "-A FORWARD -s 93.184.216.0/24 -d 8.8.8.8/32 -p tcp -m multiport --dports 80,1000:2000 -j DROP";
    const text = mapText(rule, mapping);
    assert.ok(!/93\.184\.216|8\.8\.8\.8/.test(text), text);
    assert.match(
      text,
      /^-A FORWARD -s \d+\.\d+\.\d+\.0\/24 -d [\d.]+\/32 -p tcp -m multiport --dports 80,1000:2000 -j DROP$/,
    );
    for (const same of [
      "10:20:30",
      "veth0a:1",
      "[12:3456]",
      "1.2.3",
      "a.b.c.d",
      "ff02::1",
      "deadbeef",
      "::1",
      "1.2.3.4.5",
    ]) {
      assert.equal(mapText(same, mapping), same);
    }
  });
});

describe("a redacted snapshot", () => {
  /** As of a host that has something to hide. */
  const secret = JSON.parse(
    JSON.stringify(healthy)
      .replaceAll("192.0.2.", "93.184.216.")
      .replaceAll("127.0.0.1 localhost", "127.0.0.1 localhost build7.corp.example"),
  ) as Snapshot;
  const [host] = secret.namespaces;
  if (host === undefined) throw new Error("the fixture has no host");
  const snapshot: Snapshot = {
    ...secret,
    intent: {
      ...secret.intent,
      networks: secret.intent.networks.map((one) => ({ ...one, labels: { owner: "jane" } })),
    },
    namespaces: [
      { ...host, resolvConf: "# VPN of Example Corp\nsearch corp.example\nnameserver 93.184.216.53\n" },
      ...secret.namespaces.slice(1),
    ],
  };
  const redacted = redact(snapshot, { key: KEY });
  const text = JSON.stringify(redacted);

  it("tells no public address, name of others, label or comment", () => {
    for (const hidden of ["93.184.216", "corp.example", "build7", "jane", "Example Corp"]) {
      assert.ok(!text.includes(hidden), hidden);
    }
    const macs = snapshot.namespaces
      .flatMap(({ links }) => links.map(({ mac }) => mac))
      .filter((mac) => !/^[0:]+$/.test(mac));
    for (const mac of macs) assert.ok(!text.includes(mac), mac);
  });

  it("tells containers and networks by their names, unless that is not wanted", () => {
    assert.deepEqual(
      redacted.intent.containers.map(({ name }) => name),
      snapshot.intent.containers.map(({ name }) => name),
    );
    const nameless = redact(snapshot, { key: KEY, names: true });
    assert.ok(!JSON.stringify(nameless).includes('"lonely"'));
    assert.ok(nameless.intent.networks.some(({ name }) => name === "bridge"));
  });

  it("has the same shape, and says the same of what belongs together", () => {
    assert.deepEqual(
      shapeOf(redacted),
      shapeOf({ ...snapshot, intent: { ...snapshot.intent, networks: redacted.intent.networks } }),
    );
    const [mapped] = redacted.namespaces;
    const uplink = mapped?.links.find(({ name }) => name === "cable")?.addresses[0];
    const gateway = mapped?.routes.find(({ destination }) => destination === "0.0.0.0/0")?.gateway;
    if (uplink === undefined || gateway === undefined) throw new Error("the way out is gone");
    assert.ok(contains(parseCidr(`${uplink.address}/${uplink.prefixLength}`), parseAddress(gateway)));
    assert.ok(mapped?.resolvConf?.startsWith("search domain-"));
  });

  it("maps ranges within a network exactly, and says so of others", () => {
    const rule = (range: string[]) => ({ rule: { expr: [{ match: { op: "==", left: "x", right: { range } } }] } });
    const rules = [rule(["93.184.216.10", "93.184.216.20"]), rule(["93.184.216.10", "93.184.220.20"])];
    const { namespaces, notRead } = redact({ ...snapshot, namespaces: [{ ...host, nftables: rules }] }, { key: KEY });
    assert.match(JSON.stringify(namespaces[0]?.nftables?.[0]), /"\d+\.\d+\.\d+\.10","\d+\.\d+\.\d+\.20"/);
    assert.equal(notRead.length, snapshot.notRead.length + 1);
  });

  it("comes out otherwise with another key", () => {
    assert.notEqual(JSON.stringify(redact(snapshot)), text);
  });
});

/** Everything but texts. */
function shapeOf(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, item: unknown) => (typeof item === "string" && key !== "key" ? "" : item)),
  );
}
