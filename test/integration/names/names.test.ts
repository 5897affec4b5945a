import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { CtrError } from "../../../lib/errors.ts";
import { NameServer } from "../../../netns/dns/name-server.ts";
import { createNamespace, enterNetworkNamespace, removeNamespace } from "../../../netns/namespace.ts";
import { ip } from "../netns/private-network.ts";
import { NamesFixture, nameRecord } from "./fixture.ts";

const RESOLV_CONF = "nameserver 127.0.0.11\\noptions ndots:0\\n";

describe("the name server of a sandbox", () => {
  it("answers over UDP and TCP on port 53 of 127.0.0.11, with EDNS and without", async () => {
    await using fixture = NamesFixture.start();
    fixture.names.put(nameRecord("web", { names: ["web", "www"], address: "172.18.0.2", address6: "fd00::2" }));
    await fixture.serve("c1");
    assert.equal(await fixture.ask("c1", "web"), "NOERROR 172.18.0.2");
    assert.equal(await fixture.ask("c1", "www.front", "+tcp"), "NOERROR 172.18.0.2");
    assert.equal(await fixture.ask("c1", "web", "AAAA", "+noedns"), "NOERROR fd00::2");
    assert.equal(await fixture.ask("c1", "-x", "172.18.0.2"), "NOERROR web.front.");
    assert.equal(await fixture.ask("c1", "-x", "fd00::2", "+tcp"), "NOERROR web.front.");
    assert.equal(await fixture.ask("c1", "web", "MX"), "NOERROR");
    const output = await fixture.dig("c1", "WwW");
    assert.match(output, /^WwW\.\s+5\s+IN\s+A\s+172\.18\.0\.2$/m);
    assert.match(output, /flags: qr rd ra;/);
    assert.match(output, /SERVER: 127\.0\.0\.11#53/);
  });

  it("serves the resolvers of C libraries", async () => {
    await using fixture = NamesFixture.start();
    fixture.names.put(nameRecord("web", { address: "172.18.0.2", address6: "fd00::2" }));
    fixture.names.put(nameRecord("db", { address: "172.18.0.4" }));
    fixture.names.put(nameRecord("gone", { address: "172.18.0.3", running: false }));
    await fixture.serve("c1");
    const getent = (name: string) => fixture.resolve("c1", RESOLV_CONF, "getent", "hosts", name);
    assert.match((await getent("web")).stdout, /^fd00::2\s+web$/m);
    assert.match((await getent("db")).stdout, /^172\.18\.0\.4\s+db$/m);
    assert.match((await getent("172.18.0.2")).stdout, /^172\.18\.0\.2\s+web\.front$/m);
    assert.equal((await getent("gone")).exitCode, 2);
    const { stdout } = await fixture.resolve("c1", RESOLV_CONF, "busybox", "nslookup", "web");
    assert.match(stdout, /Address.*172\.18\.0\.2/);
  });

  it("sends more than a client takes over TCP", async () => {
    await using fixture = NamesFixture.start();
    for (let index = 0; index < 100; index++) {
      fixture.names.put(nameRecord(`c${index}`, { names: ["all"], address: `10.0.0.${index}` }));
    }
    await fixture.serve("c1");
    const cut = await fixture.dig("c1", "all", "+noedns", "+ignore");
    assert.match(cut, /flags: qr tc rd ra;.* ANSWER: (2\d|3\d),/);
    assert.match(await fixture.dig("c1", "all", "+noedns"), /Truncated, retrying in TCP mode.*ANSWER: 100,/s);
    assert.match(await fixture.dig("c1", "all", "+bufsize=4096", "+ignore"), /flags: qr rd ra;.* ANSWER: 100,/);
  });

  it("tells every sandbox of its own networks alone", async () => {
    await using fixture = NamesFixture.start();
    fixture.names.put(nameRecord("web", { address: "172.18.0.2" }));
    fixture.names.put(nameRecord("web", { networkId: "n2", networkName: "back", address: "172.19.0.2" }));
    const c1 = await fixture.serve("c1");
    await fixture.serve("c2", { networkIds: ["n2"] });
    assert.equal(await fixture.ask("c1", "web"), "NOERROR 172.18.0.2");
    assert.equal(await fixture.ask("c2", "web"), "NOERROR 172.19.0.2");
    assert.equal(await fixture.ask("c1", "web.back"), "SERVFAIL");
    await fixture.names.serve({ ...c1, networkIds: ["n1", "n2"], links: { n2: { other: "web" } } });
    assert.equal(await fixture.ask("c1", "web.back"), "NOERROR 172.19.0.2");
    assert.equal(await fixture.ask("c1", "other"), "NOERROR 172.19.0.2");
    assert.equal(await fixture.ask("c2", "other"), "SERVFAIL");
  });

  it("follows containers that come, stop and go", async () => {
    await using fixture = NamesFixture.start();
    await fixture.serve("c1");
    const web = nameRecord("web", { address: "172.18.0.2" });
    const askAfter = async (change: () => void): Promise<string> => {
      change();
      await fixture.names.settled();
      return fixture.ask("c1", "web");
    };
    assert.equal(await askAfter(() => fixture.names.put(web)), "NOERROR 172.18.0.2");
    assert.equal(await askAfter(() => fixture.names.put({ ...web, running: false })), "NXDOMAIN");
    assert.equal(await askAfter(() => fixture.names.put({ ...web, address: "172.18.0.9" })), "NOERROR 172.18.0.9");
    assert.equal(await askAfter(() => fixture.names.remove("n1", "web")), "SERVFAIL");
  });

  it("leaves port 53 of all addresses to a server of the container's own, and tracks no connections", async () => {
    await using fixture = NamesFixture.start();
    fixture.names.put(nameRecord("web", { address: "172.18.0.2" }));
    const { namespacePath } = await fixture.serve("c1");
    const script = "const s = require('dgram').createSocket('udp4'); s.bind(53, '0.0.0.0', () => s.close())";
    assert.equal((await fixture.run("c1", process.execPath, "-e", script)).exitCode, 0);
    assert.equal(await fixture.ask("c1", "web"), "NOERROR 172.18.0.2");
    const tracked = enterNetworkNamespace(namespacePath, () =>
      readFileSync("/proc/thread-self/net/stat/nf_conntrack", "utf8"),
    );
    assert.match(tracked.split("\n")[1] ?? "", /^0{8} /);
  });

  it("is taken away with its sockets, so that the namespace can end", async () => {
    await using fixture = NamesFixture.start();
    const { pid } = await serveAndGreet(fixture);
    const before = readdirSync(`/proc/${pid}/fd`).length;
    for (let round = 0; round < 5; round++) {
      const { namespacePath } = await fixture.serve("c2");
      assert.equal(await fixture.ask("c2", "x", "+tcp"), "SERVFAIL");
      await fixture.names.unserve("c2");
      assert.match(await fixture.dig("c2", "x", "+time=1"), /no servers could be reached/);
      removeNamespace(namespacePath);
    }
    assert.equal(readdirSync(`/proc/${pid}/fd`).length, before);
    await fixture.names.unserve("c2");
  });

  it("moves when the sandbox gets another namespace on the same path", async () => {
    await using fixture = NamesFixture.start();
    fixture.names.put(nameRecord("web", { address: "172.18.0.2" }));
    const sandbox = await fixture.serve("c1");
    removeNamespace(sandbox.namespacePath);
    createNamespace(sandbox.namespacePath, () => void ip("link", "set", "lo", "up"));
    await fixture.names.serve(sandbox);
    assert.equal(await fixture.ask("c1", "web"), "NOERROR 172.18.0.2");
  });

  it("is refused with a reason for a namespace that is not there", async () => {
    await using fixture = NamesFixture.start();
    const sandbox = fixture.sandbox("c1");
    await assert.rejects(
      fixture.names.serve({ ...sandbox, namespacePath: `${sandbox.namespacePath}-none` }),
      (error) => error instanceof CtrError && error.code === "CTR_NAMES_FAILED" && /ENOENT/.test(error.message),
    );
    await fixture.names.serve(sandbox);
    assert.equal(await fixture.ask("c1", "x"), "SERVFAIL");
  });

  it("takes port 53 itself where the kernel has no nftables", async () => {
    await using fixture = NamesFixture.start();
    const { namespacePath } = fixture.sandbox("c1");
    const noRules = (): void => assert.fail("no nftables");
    const error = Buffer.from("000081800000000000000000", "hex");
    const respond = (message: Buffer): Buffer => Buffer.concat([message.subarray(0, 2), error.subarray(2)]);
    const open = (): NameServer =>
      enterNetworkNamespace<NameServer>(namespacePath, () => NameServer.open(respond, noRules));
    {
      using _server = open();
      assert.match(await fixture.dig("c1", "x"), /status: NOERROR/);
      assert.match(await fixture.dig("c1", "x", "+tcp"), /status: NOERROR/);
      assert.throws(open, /no nftables/, "the port is taken: the first reason counts");
    }
  });

  it("outlives any packet", async () => {
    await using fixture = NamesFixture.start();
    fixture.names.put(nameRecord("web", { address: "172.18.0.2" }));
    await fixture.serve("c1");
    const script = `
      const udp = require("dgram").createSocket("udp4"), net = require("net"), { randomBytes } = require("crypto");
      const query = Buffer.from("12340100000100000000000003776562000001000101", "hex");
      const odd = (n) => { const b = n % 3 ? Buffer.concat([query, randomBytes(n % 40)]) : randomBytes(n % 600);
        for (let i = 0; i < n % 5; i++) if (b.length) b[randomBytes(1)[0] % b.length] = randomBytes(1)[0]; return b; };
      for (let n = 0; n < 3000; n++) udp.send(odd(n), 53, "127.0.0.11");
      for (let n = 0; n < 50; n++) { const s = net.connect(53, "127.0.0.11"); s.on("error", () => {}); s.on("data", () => {});
        s.end(randomBytes(n * 7)); }
      setTimeout(() => process.exit(), 300);`;
    await fixture.run("c1", process.execPath, "-e", script);
    assert.equal(await fixture.ask("c1", "web"), "NOERROR 172.18.0.2");
    assert.equal(await fixture.ask("c1", "web", "+tcp"), "NOERROR 172.18.0.2");
    assert.equal(fixture.restarts, 0);
  });

  it("answers many questions on one connection", async () => {
    await using fixture = NamesFixture.start();
    fixture.names.put(nameRecord("web", { address: "172.18.0.2" }));
    await fixture.serve("c1");
    const script = `
      const query = Buffer.from("0012123401000001000000000000037765620000010001".replace(/^0012/, "0015"), "hex");
      const s = require("net").connect(53, "127.0.0.11"); let bytes = 0;
      s.on("data", (d) => { bytes += d.length; }); s.on("end", () => console.log(bytes));
      s.end(Buffer.concat(Array(5000).fill(query)));`;
    const { stdout, stderr } = await fixture.run("c1", process.execPath, "-e", script);
    assert.equal(stdout.trim(), String(5000 * (2 + 21 + 16)), stderr);
  });
});

describe("explaining a name of a running container", () => {
  it("says who answers", async () => {
    await using fixture = NamesFixture.start();
    fixture.names.put(nameRecord("web", { address: "172.18.0.2" }));
    fixture.names.put(nameRecord("gone", { address: "172.18.0.3", running: false }));
    await fixture.serve("c1", { search: ["example.com"], options: ["ndots:0"] });
    const { steps } = await fixture.names.explain("c1", "web");
    assert.deepEqual(
      steps.map(({ microseconds, ...step }) => step),
      [
        {
          question: "web",
          status: "NOERROR",
          answers: ["172.18.0.2"],
          source: { kind: "names", networkId: "n1", networkName: "front", containerIds: ["web"] },
        },
      ],
    );
    const gone = await fixture.names.explain("c1", "gone", "AAAA");
    assert.deepEqual(
      gone.steps.map(({ question, status }) => [question, status]),
      [
        ["gone", "NXDOMAIN"],
        ["gone.example.com", "SERVFAIL"],
      ],
    );
    await assert.rejects(fixture.names.explain("c2", "web"), { code: "CTR_NAMES_NOT_SERVED", status: 404 });
    await assert.rejects(fixture.names.explain("c1", "a..b"), { code: "CTR_NAME_INVALID", status: 400 });
  });
});

async function serveAndGreet(fixture: NamesFixture): Promise<{ readonly pid: number }> {
  await fixture.serve("c1");
  await fixture.ask("c1", "warm-up");
  return { pid: (await fixture.dataPlane.figures()).pid };
}
