import assert from "node:assert/strict";
import { enterNetworkNamespace } from "../../../netns/namespace.ts";
import { addressRecord, type ResponseParts, soaRecord } from "../../unit/netns/dns/messages.ts";
import { ip } from "../netns/private-network.ts";
import { DnsServer } from "./dns-server.ts";
import { NamesFixture, nameRecord } from "./fixture.ts";

const HOST_STUB = "127.0.0.53";
const found = (address: string, ttl = 60): ResponseParts => ({ answers: [addressRecord(address, ttl)] });
const nothing: ResponseParts = { rcode: 3, authority: [soaRecord(60, 60)] };

/** A cable from the private network to a container's namespace: 10.9.0.1 is here, 10.9.0.2 there. */
function connect(fixture: NamesFixture, containerId: string): void {
  ip("link", "add", "cable", "type", "veth", "peer", "eth0", "netns", fixture.network.namespace(containerId));
  ip("address", "add", "10.9.0.1/24", "dev", "cable");
  ip("link", "set", "cable", "up");
  enterNetworkNamespace(fixture.network.namespace(containerId), () => {
    ip("address", "add", "10.9.0.2/24", "dev", "eth0");
    ip("link", "set", "eth0", "up");
  });
}

describe("names that no container has", () => {
  it("are asked of the host's servers from the host's network, its loopback stub too, over UDP and TCP", async () => {
    await using fixture = NamesFixture.start();
    await using server = await DnsServer.start(HOST_STUB, () => found("203.0.113.1"));
    fixture.names.put(nameRecord("web", { address: "172.18.0.2" }));
    await fixture.serve("c1", { servers: [HOST_STUB] });
    assert.equal(await fixture.ask("c1", "www.example.com"), "NOERROR 203.0.113.1");
    assert.equal(await fixture.ask("c1", "tcp.example.com", "+tcp"), "NOERROR 203.0.113.1");
    assert.deepEqual(
      server.asked.map(({ name, overUdp }) => [name, overUdp]),
      [
        ["www.example.com", true],
        ["tcp.example.com", false],
      ],
    );
    const { steps } = await fixture.names.explain("c1", "new.example.com");
    assert.deepEqual(steps[0]?.source, { kind: "server", server: HOST_STUB, from: "host" });
  });

  it("are asked of a container's own servers from its own network", async () => {
    await using fixture = NamesFixture.start();
    const sandbox = fixture.sandbox("c1", { servers: ["10.9.0.1"], serversFromHost: false });
    connect(fixture, "c1");
    await using server = await DnsServer.start("10.9.0.1", () => found("203.0.113.1"));
    await fixture.names.serve(sandbox);
    assert.equal(await fixture.ask("c1", "www.example.com"), "NOERROR 203.0.113.1");
    assert.equal(await fixture.ask("c1", "tcp.example.com", "+tcp"), "NOERROR 203.0.113.1");
    assert.deepEqual(new Set(server.asked.map(({ client }) => client)), new Set(["10.9.0.2"]));
  });

  it("never carry a container's name there, running or stopped, of whatever type", async () => {
    await using fixture = NamesFixture.start();
    await using server = await DnsServer.start(HOST_STUB, () => nothing);
    fixture.names.put(nameRecord("web", { address: "172.18.0.2" }));
    fixture.names.put(nameRecord("gone", { address: "172.18.0.3", running: false }));
    await fixture.serve("c1", { servers: [HOST_STUB] });
    for (const type of ["A", "AAAA", "TXT", "SRV", "HTTPS", "SOA"]) {
      assert.equal((await fixture.ask("c1", "web", type)).split(" ")[0], "NOERROR", type);
      assert.equal(await fixture.ask("c1", "gone.front", type), "NXDOMAIN", type);
    }
    assert.equal(await fixture.ask("c1", "-x", "172.18.0.3"), "NXDOMAIN");
    assert.deepEqual(server.names, []);
  });

  it("are remembered, with the letters of each client and times that count down", async () => {
    await using fixture = NamesFixture.start();
    await using server = await DnsServer.start(HOST_STUB, ({ name }) =>
      name.startsWith("none") ? nothing : found("203.0.113.1"),
    );
    await fixture.serve("c1", { servers: [HOST_STUB] });
    await fixture.serve("c2", { servers: [HOST_STUB] });
    // A cookie is for one client: such questions are always asked.
    for (const container of ["c1", "c2", "c1"]) {
      assert.equal(await fixture.ask(container, "www.example.com", "+nocookie"), "NOERROR 203.0.113.1");
      assert.equal(await fixture.ask(container, "none.example.com", "+nocookie"), "NXDOMAIN");
    }
    assert.match(await fixture.dig("c2", "WWW.example.com", "+nocookie"), /^WWW\.example\.com\.\s+(5\d|60)\s/m);
    assert.deepEqual(server.names, ["www.example.com", "none.example.com"]);
    const { fromCache } = await fixture.dataPlane.figures();
    assert.equal(fromCache, 5);
    const { steps } = await fixture.names.explain("c1", "www.example.com");
    assert.equal(steps[0]?.source.kind, "server", "without EDNS it is another question");
    const again = await fixture.names.explain("c1", "www.example.com");
    assert.equal(again.steps[0]?.source.kind, "cache");
  });

  it("are asked of the next server when the first is dead, refuses or fails", async () => {
    await using fixture = NamesFixture.start();
    await using silent = await DnsServer.start("127.0.0.60", () => undefined);
    await using failing = await DnsServer.start("127.0.0.61", () => ({ rcode: 2 }));
    await using server = await DnsServer.start(HOST_STUB, () => found("203.0.113.1"));
    for (const [index, bad] of ["127.0.0.60", "127.0.0.61", "127.0.0.62"].entries()) {
      await fixture.serve(`c${index}`, { servers: [bad, HOST_STUB] });
      assert.equal(await fixture.ask(`c${index}`, `n${index}.example.com`), "NOERROR 203.0.113.1", bad);
      assert.equal(await fixture.ask(`c${index}`, `t${index}.example.com`, "+tcp"), "NOERROR 203.0.113.1", bad);
    }
    assert.equal(server.asked.length, 6);
    assert(silent.asked.length > 0 && failing.asked.length > 0);
  });

  it("get the server's own error when none does better, and SERVFAIL in time when none answers", async () => {
    await using fixture = NamesFixture.start();
    await using silent = await DnsServer.start("127.0.0.60", () => undefined);
    await using refusing = await DnsServer.start("127.0.0.61", () => ({ rcode: 5 }));
    await fixture.serve("c1", { servers: ["127.0.0.61"] });
    assert.equal(await fixture.ask("c1", "x.example.com"), "REFUSED");
    await fixture.serve("c2", { servers: ["127.0.0.60"] });
    assert.equal(await fixture.ask("c2", "x.example.com"), "SERVFAIL");
    assert(silent.asked.length > 1, "it was asked again");
    assert.equal(refusing.asked.length, 1);
  });

  it("are not asked of the host's servers for sandboxes on internal networks, but of their own", async () => {
    await using fixture = NamesFixture.start();
    await using server = await DnsServer.start(HOST_STUB, () => found("203.0.113.1"));
    fixture.names.put(nameRecord("web", { address: "172.18.0.2" }));
    const sandbox = await fixture.serve("c1", { servers: [HOST_STUB], internalOnly: true });
    assert.equal(await fixture.ask("c1", "www.example.com"), "SERVFAIL");
    assert.equal(await fixture.ask("c1", "web"), "NOERROR 172.18.0.2");
    assert.deepEqual(server.names, []);
    await fixture.names.serve({ ...sandbox, internalOnly: false });
    assert.equal(await fixture.ask("c1", "www.example.com"), "NOERROR 203.0.113.1");
    connect(fixture, "c1");
    await using inside = await DnsServer.start("10.9.0.1", () => found("203.0.113.2"));
    await fixture.names.serve({ ...sandbox, servers: ["10.9.0.1"], serversFromHost: false });
    assert.equal(await fixture.ask("c1", "www.example.com"), "NOERROR 203.0.113.2");
    assert.equal(inside.asked.length, 1);
  });

  it("are not asked of the server itself", async () => {
    await using fixture = NamesFixture.start();
    await fixture.serve("c1", { servers: ["127.0.0.11"], serversFromHost: false });
    assert.equal(await fixture.ask("c1", "www.example.com"), "SERVFAIL");
    assert.equal((await fixture.dataPlane.figures()).forwarded, 0);
  });

  it("that many clients ask for at one time are asked for once, and each gets an answer with its number", async () => {
    await using fixture = NamesFixture.start();
    let answers = 0;
    await using server = await DnsServer.start(HOST_STUB, () => (answers++ === 0 ? undefined : found("203.0.113.1")));
    await fixture.serve("c1", { servers: [HOST_STUB] });
    const script = `
      const udp = require("dgram").createSocket("udp4"); const open = new Set();
      const name = Buffer.from("03777777076578616d706c6503636f6d0000010001", "hex");
      udp.on("message", (m) => { open.delete(m.readUInt16BE(0)); if (open.size === 0) { console.log("all"); udp.close(); } });
      for (let n = 0; n < 200; n++) { open.add(n);
        const header = Buffer.from("00000100000100000000000000", "hex").subarray(0, 12); header.writeUInt16BE(n, 0);
        udp.send(Buffer.concat([header, name]), 53, "127.0.0.11"); }
      setTimeout(() => { console.log("missing", open.size); process.exit(); }, 6000).unref();`;
    assert.equal((await fixture.run("c1", process.execPath, "-e", script)).stdout.trim(), "all");
    assert.deepEqual(server.names, ["www.example.com", "www.example.com"]);
  });

  it("are refused to a program that floods, while others are answered", async () => {
    await using fixture = NamesFixture.start();
    await using silent = await DnsServer.start(HOST_STUB, () => undefined);
    fixture.names.put(nameRecord("web", { address: "172.18.0.2" }));
    await fixture.serve("c1", { servers: [HOST_STUB] });
    await fixture.serve("c2", { servers: [HOST_STUB] });
    const script = `
      const udp = require("dgram").createSocket("udp4");
      udp.on("message", (m) => { if ((m[3] & 15) === 5) { console.log("refused"); process.exit(); } });
      for (let n = 0; n < 3000; n++) { const name = Buffer.from(String(n).padStart(4, "0"));
        udp.send(Buffer.concat([Buffer.from("00000100000100000000000004", "hex"), name, Buffer.from("0000010001", "hex")]), 53, "127.0.0.11"); }
      setTimeout(() => process.exit(), 6000);`;
    assert.equal((await fixture.run("c1", process.execPath, "-e", script)).stdout.trim(), "refused");
    assert.equal(await fixture.ask("c1", "web"), "NOERROR 172.18.0.2");
    assert.equal(await fixture.ask("c2", "web"), "NOERROR 172.18.0.2");
    assert(silent.asked.length > 0);
  });
});
