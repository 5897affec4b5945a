import assert from "node:assert/strict";
import { grantRow } from "../../../bin/cli/format/grants.ts";
import { nameRow } from "../../../bin/cli/format/name-steps.ts";
import { portRow } from "../../../bin/cli/format/net-ports.ts";
import { type NamedTraffic, trafficRows } from "../../../bin/cli/format/traffic.ts";
import { grantEnd, grantRequest, grantText, portOption } from "../../../bin/cli/network/grants.ts";
import { type SubnetFlags, subnetConfigs } from "../../../bin/cli/network/ipam.ts";
import { portLines, portsOf, unpublishedPort } from "../../../bin/cli/network/ports.ts";
import { formatRate, parseRate } from "../../../bin/cli/network/rate.ts";

describe("the subnets of a new network", () => {
  const flags: SubnetFlags = { subnets: [], ranges: [], gateways: [], auxAddresses: {} };

  it("get the ranges, gateways and addresses that lie in them", () => {
    assert.deepEqual(
      subnetConfigs({
        subnets: ["10.1.0.0/16", "fd00::/64", "10.2.0.0/16"],
        ranges: ["10.2.1.0/24"],
        gateways: ["fd00::1", "10.1.0.254"],
        auxAddresses: { a: "10.1.0.5", b: "10.1.0.6", c: "fd00::5" },
      }),
      [
        { Subnet: "10.1.0.0/16", Gateway: "10.1.0.254", AuxiliaryAddresses: { a: "10.1.0.5", b: "10.1.0.6" } },
        { Subnet: "fd00::/64", Gateway: "fd00::1", AuxiliaryAddresses: { c: "fd00::5" } },
        { Subnet: "10.2.0.0/16", IPRange: "10.2.1.0/24" },
      ],
    );
    assert.deepEqual(subnetConfigs(flags), []);
    assert.deepEqual(
      subnetConfigs({ ...flags, subnets: ["x"] }),
      [{ Subnet: "x" }],
      "what a subnet is, the engine says",
    );
  });

  it("are refused with docker's texts", () => {
    const refused = (wrong: Partial<SubnetFlags>, message: string) =>
      assert.throws(() => subnetConfigs({ ...flags, ...wrong }), { message });
    const subnets = ["10.1.0.0/16", "10.2.0.0/16"];
    refused({ gateways: ["10.1.0.1"] }, "every ip-range or gateway must have a corresponding subnet");
    refused({ subnets: ["10.1.0.0/16", "10.1.2.0/24"] }, "multiple overlapping subnet configuration is not supported");
    refused({ subnets: ["10.1.2.0/24", "10.1.0.0/16"] }, "multiple overlapping subnet configuration is not supported");
    refused({ subnets, ranges: ["x"] }, "invalid CIDR address: x");
    refused({ subnets, ranges: ["10.0.0.0/8"] }, "no matching subnet for range 10.0.0.0/8");
    refused({ subnets, gateways: ["x"] }, "no matching subnet for gateway x");
    refused({ subnets, auxAddresses: { a: "10.3.0.1" } }, "no matching subnet for aux-address 10.3.0.1");
    refused(
      { subnets, gateways: ["10.1.0.1", "10.1.0.2"] },
      "cannot configure multiple gateways (10.1.0.2, 10.1.0.1) for the same subnet (10.1.0.0/16)",
    );
    refused(
      { subnets, ranges: ["10.1.1.0/24", "10.1.2.0/24"] },
      "cannot configure multiple ranges (10.1.2.0/24, 10.1.1.0/24) on the same subnet (10.1.0.0/16)",
    );
  });
});

describe("ctr net publish and unpublish", () => {
  it("take docker's grammar; a container port alone means all that it is published on", () => {
    const named = portsOf(["80", "8080:80/udp", "127.0.0.1:9000-9001:90-91"], "").map(unpublishedPort);
    assert.deepEqual(named, [
      { Port: "80/tcp" },
      { Port: "80/udp", HostPort: "8080" },
      { Port: "90/tcp", HostIp: "127.0.0.1", HostPort: "9000" },
      { Port: "91/tcp", HostIp: "127.0.0.1", HostPort: "9001" },
    ]);
    assert.throws(
      () => portsOf([], "ctr net publish web 80"),
      /^CliError: no port is named\nName one: ctr net publish web 80$/,
    );
    assert.throws(() => portsOf(["x"], ""), /invalid containerPort: x/);
  });

  it("print what has changed as ctr port does, by number", () => {
    const ports = {
      "443/tcp": [{ HostIp: "::1", HostPort: "8443" }],
      "80/tcp": [
        { HostIp: "0.0.0.0", HostPort: "8080" },
        { HostIp: "::", HostPort: "8080" },
      ],
      "53/udp": null,
    };
    assert.equal(portLines(ports), "80/tcp -> 0.0.0.0:8080\n80/tcp -> [::]:8080\n443/tcp -> [::1]:8443\n");
  });

  it("are told of by ctr net ports", () => {
    const row = {
      HostIp: "::",
      HostPort: 8080,
      Protocol: "tcp",
      ContainerPort: 80,
      ContainerId: "a1",
      ContainerName: "web",
    };
    const { Host, Port, Container, Policy } = portRow(row);
    assert.deepEqual([Host, Port, Container, Policy], ["[::]:8080", "80/tcp", "web", "all"]);
    assert.equal(portRow({ ...row, Policy: "hostfw" })["Policy"], "hostfw");
  });
});

describe("ctr net allow and deny", () => {
  it("name networks and containers", () => {
    assert.deepEqual(grantEnd("front"), { Name: "front" });
    assert.deepEqual(grantEnd("container:web"), { Kind: "container", Name: "web" });
    assert.deepEqual(grantEnd("network:a:b"), { Kind: "network", Name: "a:b" });
    assert.deepEqual(grantRequest("a", "b", "80/tcp"), { From: { Name: "a" }, To: { Name: "b" }, Port: "80/tcp" });
  });

  it("take a port with or without protocol", () => {
    const { accept } = portOption();
    assert.equal(accept("5432", undefined), "5432/tcp");
    assert.equal(accept("53/UDP", undefined), "53/udp");
    assert.throws(() => accept("0", undefined), /invalid port specification: "0"/);
    assert.throws(() => accept("80/x", undefined), /invalid proto: x/);
  });

  it("show who reaches whom", () => {
    const From = { Kind: "network", Id: "1", Name: "front" } as const;
    const To = { Kind: "container", Id: "2", Name: "db" } as const;
    assert.equal(grantText({ Id: "g", From, To, Both: true }), "front <-> container:db");
    assert.equal(
      grantText({ Id: "g", From, To, Port: 53, Protocol: "udp", Both: false }),
      "front -> container:db:53/udp",
    );
    assert.deepEqual(grantRow({ Id: "g", From, To, Port: 80, Both: false }), {
      ID: "g",
      From: "network front",
      Direction: "->",
      To: "container db",
      Port: "80/tcp",
    });
  });
});

describe("rates", () => {
  it("are read with tc's units, in powers of 1000", () => {
    const values = ["10mbit", "500kbit", "1.5gbit", "1Gbit/s", "20 mbit", "12000", "none", "0"];
    assert.deepEqual(values.map(parseRate), [10e6, 500e3, 1.5e9, 1e9, 20e6, 12_000, 0, 0]);
  });

  it("are refused when nothing can be made of them", () => {
    for (const wrong of ["", "fast", "10mb", "10mbps", "-1mbit", "1e6", "mbit"])
      assert.throws(() => parseRate(wrong), /a rate is a number/);
    assert.throws(() => parseRate("1kbit"), /the least rate is 12kbit/);
    assert.throws(() => parseRate("99999999tbit"), /too high/);
  });

  it("are shown with three significant digits", () => {
    assert.deepEqual([0, 999, 1500, 123_456, 9_843_210, 1e9].map(formatRate), [
      "0 bit/s",
      "999 bit/s",
      "1.5 kbit/s",
      "123 kbit/s",
      "9.84 Mbit/s",
      "1 Gbit/s",
    ]);
  });
});

describe("ctr net top", () => {
  const row = (containerName: string, receivedBytes: number, sentBytes: number, packets = 0): NamedTraffic => ({
    containerName,
    containerId: `${containerName}-id`,
    networkId: "n",
    networkName: "front",
    interfaceName: "eth0",
    receivedBytes,
    receivedPackets: packets,
    receivedDropped: 1,
    sentBytes,
    sentPackets: packets,
    sentDropped: 2,
  });

  it("shows what went over the wire between two looks, the busiest first", () => {
    const rows = trafficRows(
      [row("a", 0, 0), row("b", 1000, 1000)],
      [row("a", 125, 0, 5), row("b", 251_000, 1000, 100)],
      2,
    );
    const shown = rows.map(({ Name, Receives, Sends, Packets, Received, Dropped }) => [
      Name,
      Receives,
      Sends,
      Packets,
      Received,
      Dropped,
    ]);
    assert.deepEqual(shown, [
      ["b", "1 Mbit/s", "0 bit/s", "100", "251kB", "3"],
      ["a", "500 bit/s", "0 bit/s", "5", "125B", "3"],
    ]);
  });

  it("counts from zero what is new or was started again", () => {
    const rows = trafficRows([row("a", 5000, 0)], [row("a", 1250, 0), row("b", 125, 0)], 1);
    assert.deepEqual(
      rows.map(({ Name, Receives }) => [Name, Receives]),
      [
        ["a", "10 kbit/s"],
        ["b", "1 kbit/s"],
      ],
    );
  });
});

describe("ctr net dns", () => {
  it("tells who answered", () => {
    const names = new Map([["a1", "web"]]);
    const step = { question: "db", status: "NOERROR", answers: ["172.18.0.2"], microseconds: 123 };
    const by = (source: Parameters<typeof nameRow>[0]["source"]) => nameRow({ ...step, source }, names)["Source"];
    const own = { kind: "names", networkId: "n", networkName: "front", containerIds: ["a1", "b2".repeat(32)] } as const;
    assert.equal(by(own), "network front: web, b2b2b2b2b2b2");
    assert.equal(by({ kind: "server", server: "192.0.2.53", from: "host" }), "server 192.0.2.53, asked from the host");
    assert.equal(by({ kind: "cache", server: "192.0.2.53", from: "container" }), "cache of 192.0.2.53");
    assert.equal(by({ kind: "none", reason: "The networks are internal." }), "The networks are internal.");
    assert.deepEqual(nameRow({ ...step, answers: [], source: own }, names)["Answers"], "-");
    assert.deepEqual(nameRow({ ...step, source: own }, names)["Time"], "0.12 ms");
  });
});
