import assert from "node:assert/strict";
import { addressKey, type ConntrackEntry } from "../../../netns/conntrack/entry.ts";
import { StaleFlows } from "../../../netns/conntrack/stale-flows.ts";
import { parseAddress } from "../../../netns/ipam/ip.ts";

const key = (address: string): string => addressKey(parseAddress(address));
const entry = (source: string, destination: string, destinationPort: number, replySource = destination) =>
  ({
    source: key(source),
    destination: key(destination),
    destinationPort,
    replySource: key(replySource),
  }) satisfies ConntrackEntry;
const port = (hostPort: number, hostIp = "0.0.0.0", protocol: "udp" | "tcp" = "udp") => ({
  protocol,
  hostIp,
  hostPort,
});
const LOCAL = () => ["192.0.2.1", "2001:db8::1"];

describe("stale UDP flows", () => {
  it("are asked for one by one while they are few, and all at once when they are many", () => {
    const flows = new StaleFlows();
    assert.deepEqual(flows.filters(), []);
    flows.addPorts([port(53), port(53, "192.0.2.1"), port(54, "::"), port(80, "", "tcp")]);
    flows.addAddresses(["172.17.0.2"]);
    const container = parseAddress("172.17.0.2");
    assert.deepEqual(flows.filters(), [
      { family: 4, destinationPort: 53 },
      { family: 4, source: container },
      { family: 4, replySource: container },
      { family: 6, destinationPort: 54 },
    ]);
    flows.addPorts([55, 56, 57].map((number) => port(number)));
    assert.deepEqual(flows.filters(), [{ family: 4 }, { family: 6, destinationPort: 54 }]);
  });

  it("say whether anything of what is added matters", () => {
    const flows = new StaleFlows();
    assert.equal(flows.addPorts([port(80, "", "tcp")]), false);
    assert.equal(flows.addAddresses(["", "web"]), false);
    assert.equal(flows.addPorts([port(80)]), true);
    assert.equal(flows.addAddresses(["", "fd00::2"]), true);
  });

  it("are those to the host's own addresses, or to the one of the port", () => {
    const flows = new StaleFlows();
    flows.addPorts([port(53), port(54, "192.0.2.1"), port(55, "::")]);
    const has = (...flow: Parameters<typeof entry>): boolean => flows.has(entry(...flow), LOCAL);
    assert.ok(has("198.51.100.7", "192.0.2.1", 53, "172.17.0.2"));
    assert.ok(has("127.0.0.1", "127.0.0.53", 53));
    assert.ok(has("198.51.100.7", "192.0.2.1", 54));
    assert.ok(has("2001:db8::7", "2001:db8::1", 55));
    // What passes, another address, another family, another port.
    assert.ok(!has("172.17.0.2", "198.51.100.53", 53));
    assert.ok(!has("198.51.100.7", "192.0.2.2", 54));
    assert.ok(!has("2001:db8::7", "2001:db8::1", 53));
    assert.ok(!has("198.51.100.7", "192.0.2.1", 55));
    assert.ok(!has("198.51.100.7", "192.0.2.1", 56));
  });

  it("are those from and to a container, whatever the port", () => {
    const flows = new StaleFlows();
    flows.addAddresses(["172.17.0.2", "fd00::2"]);
    const has = (...flow: Parameters<typeof entry>): boolean => flows.has(entry(...flow), LOCAL);
    assert.ok(has("172.17.0.2", "198.51.100.53", 53));
    assert.ok(has("198.51.100.7", "192.0.2.1", 9, "172.17.0.2"));
    assert.ok(has("fd00::2", "2001:db8::53", 53));
    assert.ok(!has("172.17.0.3", "198.51.100.53", 53));
  });
});
