/** `ctr net`: its screens, its exit codes, and that what it says is so, with real packets. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import { TestEngine } from "../../support/engine.ts";
import { waitFor } from "../../support/wait.ts";

const root = join(import.meta.dirname, "../../..");

describe("ctr net", () => {
  let engine: TestEngine;
  const net = (...argv: readonly string[]): Promise<string> => engine.ctrOutput("net", ...argv);
  const run = (name: string, ...flags: readonly string[]): Promise<string> =>
    engine.ctrOutput("run", "-d", "--name", name, ...flags);
  /** The page that a web server in a container gives, asked from the host: its own name. */
  const page = (address: string) => engine.host.run(["curl", "-s", "-m", "5", `http://${address}/hostname`]);
  const nameOf = (container: string): Promise<string> =>
    engine.ctrOutput("inspect", "-f", "{{.Config.Hostname}}", container);
  const SERVER = ["busybox", "httpd", "-f", "-p", "80", "-h", "/etc"] as const;

  before(async () => {
    engine = await TestEngine.start();
    await net("create", "--subnet", "10.71.0.0/24", "front");
    await net("create", "--subnet", "10.72.0.0/24", "back");
    await net("create", "--subnet", "10.73.0.0/24", "--internal", "vault");
    await run("web", "--network", "front", "-p", "8080:80", ...SERVER);
    await run("safe", "--network", "vault", "busybox", "sleep", "1000");
    await run("db", "--network", "name=back,alias=database", ...SERVER);
  });
  after(() => engine?.[Symbol.asyncDispose]());

  describe("Docker's verbs", () => {
    it("are those of ctr network, too", async () => {
      const names = (await net("ls", "--format", "{{.Name}}")).split("\n");
      assert.deepEqual(names, ["back", "bridge", "front", "host", "none", "vault"]);
      assert.equal(await engine.ctrOutput("network", "ls", "--format", "{{.Name}}"), names.join("\n"));
      assert.match(await engine.ctrOutput("network", "--help"), /^Usage: {2}ctr network COMMAND\n/);
    });

    it("make, show, connect, disconnect and remove a network", async () => {
      const id = await net("create", "--label", "a=b", "-o", "com.docker.network.bridge.enable_icc=false", "made");
      assert.match(id, /^[0-9a-f]{64}$/);
      assert.equal(await net("connect", "--alias", "one,two", "made", "web"), "");
      const [network] = JSON.parse(await net("inspect", "made"));
      assert.deepEqual(
        [network.Id, network.Labels, Object.values(network.Containers).map((one) => (one as { Name: string }).Name)],
        [id, { a: "b" }, ["web"]],
      );
      const inUse = await engine.ctr(["net", "rm", "made"]);
      assert.match(
        inUse.stderr,
        /^Error response from daemon: error while removing network: network made has active endp/,
      );
      assert.equal(inUse.exitCode, 1);
      assert.equal(await net("disconnect", "made", "web"), "");
      assert.equal(await net("rm", "made"), "made");
      const gone = await engine.ctr(["net", "inspect", "made"]);
      assert.deepEqual(
        [gone.stdout, gone.stderr, gone.exitCode],
        ["[]\n", "Error response from daemon: network made not found\n", 1],
      );
    });

    it("prune what nobody uses, when the user says yes", async () => {
      await net("create", "unused");
      const question =
        /^WARNING! This will remove all custom networks not used by at least one container\.\n.*\[y\/N\] /;
      for (const input of ["n\n", ""]) {
        const { stdout, exitCode } = await engine.ctr(["net", "prune"], { input });
        assert.match(stdout, question);
        assert.doesNotMatch(stdout, /Deleted/);
        assert.equal(exitCode, 0);
      }
      assert.equal(await net("prune", "-f", "--filter", "label=none"), "");
      assert.match((await engine.ctr(["net", "prune"], { input: "y\n" })).stdout, /Deleted Networks:\nunused\n\n$/);
      assert.equal(await net("ls", "-q", "-f", "name=unused"), "");
    });
  });

  describe("publish and unpublish", () => {
    it("open and close ports of a container that runs", async () => {
      assert.equal(await net("publish", "web", "8081:80"), "80/tcp -> 0.0.0.0:8081\n80/tcp -> [::]:8081");
      assert.equal((await page("127.0.0.1:8081")).stdout.trim(), await nameOf("web"));
      assert.match(await net("ports"), /^0\.0\.0\.0:8081 +web +80\/tcp +all$/m);
      assert.equal(await net("unpublish", "web", "8081:80"), "80/tcp -> 0.0.0.0:8081\n80/tcp -> [::]:8081");
      assert.notEqual((await page("127.0.0.1:8081")).exitCode, 0);
      assert.equal((await page("127.0.0.1:8080")).stdout.trim(), await nameOf("web"), "the other port stays");
    });

    it("give a port a policy of its own", async () => {
      const lines = await net("publish", "web", "-p", "published=8082,target=80,policy=loopback");
      assert.equal(lines, "80/tcp -> 127.0.0.1:8082\n80/tcp -> [::1]:8082");
      assert.equal((await page("127.0.0.1:8082")).stdout.trim(), await nameOf("web"));
      assert.match(await net("ports"), /^127\.0\.0\.1:8082 +web +80\/tcp +loopback$/m);
      await net("unpublish", "web", "-p", "127.0.0.1:8082:80", "-p", "[::1]:8082:80");
    });

    it("change a container that does not run from its next start on", async () => {
      await engine.ctrOutput("create", "--name", "later", ...SERVER);
      assert.equal(await net("publish", "later", "8083:80"), "later does not run: this holds from its next start on");
      await engine.ctrOutput("start", "later");
      assert.equal((await page("127.0.0.1:8083")).stdout.trim(), await nameOf("later"));
      await engine.ctrOutput("rm", "-f", "later");
    });

    it("wait for a network that is not internal", async () => {
      assert.match(await net("publish", "safe", "8085:80"), /^safe is on internal networks only: /);
      assert.equal(await net("connect", "back", "safe"), "");
      assert.match(await net("ports"), /^0\.0\.0\.0:8085 +safe /m);
      await net("disconnect", "back", "safe");
    });

    it("say what is wrong, and change nothing", async () => {
      const before = await net("ports");
      await failsWith(["publish", "db", "8080:80"], 1, /Bind for 0\.0\.0\.0:8080 failed: port is already allocated/);
      await failsWith(["publish", "web", "8084:80", "8080:81"], 1, /port is already allocated/);
      await failsWith(["publish", "nobody", "80"], 1, /No such container: nobody/);
      await failsWith(["publish", "web"], 1, /^no port is named\nName one: ctr net publish web 8080:80\n$/);
      await failsWith(["publish", "web", "80:x"], 1, /^invalid containerPort: x\n/);
      await failsWith(["publish", "web", "published=1,target=2,policy=odd"], 1, /^invalid publish policy: odd\n/);
      await failsWith(["unpublish", "web", "99"], 1, /container web does not publish port 99\/tcp/);
      await failsWith(["unpublish", "web", "8099:80"], 1, /container web does not publish port 80\/tcp/);
      assert.equal(await net("ports"), before);
    });
  });

  describe("allow and deny", () => {
    it("open a way between networks, and close it", async () => {
      const reaches = async (address: string, seconds = "1") =>
        (await engine.ctr(["exec", "web", "busybox", "nc", "-w", seconds, address, "80"], { input: "" })).exitCode ===
        0;
      const address = await engine.ctrOutput("inspect", "-f", "{{.NetworkSettings.Networks.back.IPAddress}}", "db");
      assert.equal(await reaches(address), false);
      assert.equal(await net("allow", "front", "db", "--port", "80"), "front -> container:db:80/tcp");
      assert.equal(await reaches(address, "20"), true);
      assert.match(await net("grants"), /^network front +-> +container db +80\/tcp$/m);
      assert.match(await net("map"), /opened by ctr net allow\n└─ front -> container:db:80\/tcp$/);
      assert.equal(await net("deny", "front", "db", "--port", "80/tcp"), "");
      assert.equal(await reaches(address), false);
      assert.equal(await net("grants", "--format", "json"), "");
    });

    it("say what is wrong", async () => {
      await failsWith(["allow", "front", "front"], 1, /front is on both sides/);
      await failsWith(["allow", "front", "nobody"], 1, /no network and no container of that name: nobody/);
      await failsWith(["allow", "front", "back", "--port", "0"], 125, /invalid port specification: "0"/);
      await failsWith(["deny", "front", "back"], 1, /front was not allowed to reach back/);
      await failsWith(["allow", "front"], 1, /'ctr net allow' requires 2 arguments/);
    });
  });

  describe("what it shows", () => {
    it("dns tells what a container is answered, and by whom", async () => {
      const answer = await net("dns", "db", "database");
      assert.match(
        answer,
        /^QUESTION +STATUS +ANSWER +BY +TIME\ndatabase +NOERROR +10\.72\.0\.2 +network back: db +[\d.]+ ms$/,
      );
      assert.equal(await net("dns", "--format", "{{.Answers}}", "web", "10.71.0.2"), "web.front.");
      const none = await engine.ctr(["net", "dns", "-t", "aaaa", "web", "web"]);
      assert.match(none.stdout, /^web +NOERROR +- /m);
      assert.equal(none.exitCode, 1, "there is no such address");
      await failsWith(["dns", "-t", "odd", "web", "web"], 1, /invalid DNS record type: ODD/);
    });

    it("rules name whose they are, and ports count", async () => {
      await page("127.0.0.1:8080");
      const rules = await net("rules");
      assert.match(rules, /^backend nftables\nPLACE +OWNER +PACKETS +BYTES +RULE OR ELEMENT\n/);
      assert.match(rules, /^hp4 +web +[1-9]\d* +[1-9]\d* +tcp \. 8080 : 10\.71\.0\.2 \. 80$/m);
      assert.match(rules, /^internal +vault /m);
      const owners = await net("rules", "--owned", "--format", "{{.Owner}}");
      assert.deepEqual([...new Set(owners.split("\n"))].sort(), ["back", "bridge", "front", "vault", "web"]);
    });

    it("map draws it as text, SVG, mermaid and JSON", async () => {
      const text = await net("map");
      assert.match(
        text,
        /^front {3}br-\w{12} {3}10\.71\.0\.0\/24\n└─ web {3}10\.71\.0\.2 {3}eth0 {3}\*:8080 → 80\/tcp$/m,
      );
      assert.match(text, /^back {3}br-\w{12} {3}10\.72\.0\.0\/24\n└─ db/m);
      assert.match(text, /^vault {3}br-\w{12} {3}10\.73\.0\.0\/24 {3}internal\n└─ safe/m);
      assert.match(await net("map", "--format", "svg"), /^<svg .*>web<.*<\/svg>$/s);
      assert.match(await net("map", "--format", "mermaid"), /^graph LR\n.*"web"/s);
      const map = JSON.parse(await net("map", "--format", "json"));
      assert.deepEqual(Object.keys(map), ["Networks", "Containers", "Grants"]);
      await failsWith(["map", "--format", "png"], 125, /flag: must be one of text, svg, mermaid, json/);
    });

    it("top shows the traffic of an interval", async () => {
      const pings = engine.ctr(["exec", "web", "ping", "-q", "-c", "30", "-i", "0.1", "10.71.0.1"]);
      const line = await net(
        "top",
        "--no-stream",
        "-n",
        "0.7",
        "--format",
        "{{.Network}} {{.Packets}} {{.Sends}}",
        "web",
      );
      await pings;
      const [, packets] = /^front (\d+) [\d.]+ k?bit\/s$/.exec(line) ?? assert.fail(line);
      assert.ok(Number(packets) > 0, line);
      assert.equal(await net("top", "--no-stream", "-n", "0.1", "--format", "{{.Name}}", "nobody"), "");
    });

    it("capture shows the packets of one container, with tcpdump's own arguments", async () => {
      const capture = engine.host.spawn([
        join(root, "bin/ctr"),
        "-H",
        `unix://${engine.socket}`,
        "net",
        "capture",
        "web",
        "-c",
        "1",
        "icmp",
      ]);
      let [output, notes] = ["", ""];
      capture.stdout?.on("data", (data: Buffer) => {
        output += data.toString();
      });
      capture.stderr?.on("data", (data: Buffer) => {
        notes += data.toString();
      });
      const ended = once(capture, "exit");
      await waitFor("tcpdump to listen", () => notes.includes("listening on any"));
      await engine.ctrOutput("exec", "web", "ping", "-c", "1", "10.71.0.1");
      const [code] = await ended;
      assert.equal(code, 0, notes);
      assert.match(output, /IP 10\.71\.0\.2 > 10\.71\.0\.1: ICMP echo request/);
      await failsWith(["capture", "nobody"], 1, /No such container: nobody/);
    });

    it("repair compares with the kernel, and mends it", async () => {
      assert.equal(await net("repair", "--dry-run"), "The kernel has what it has to have.");
      const bridge = `br-${(await net("inspect", "-f", "{{.Id}}", "front")).slice(0, 12)}`;
      await engine.host.output(["ip", "address", "del", "10.71.0.1/24", "dev", bridge]);
      const difference = `changed bridge ${bridge}: it has lost the address 10.71.0.1/24`;
      const look = await engine.ctr(["net", "repair", "-n"]);
      assert.deepEqual([look.stdout, look.exitCode], [`${difference}\n`, 1]);
      assert.equal(await net("repair"), `mended: ${difference}`);
      assert.equal(await net("repair", "-n"), "The kernel has what it has to have.");
      await engine.ctrOutput("exec", "web", "ping", "-c", "1", "-W", "2", "10.71.0.1");
    });

    it("shape limits what a container sends and receives", async () => {
      const rates = async () =>
        [...(await engine.host.output(["tc", "qdisc"])).matchAll(/ rate (\S+)/g)].map(([, rate]) => rate);
      await net("shape", "web", "--rate", "10mbit");
      await net("shape", "web", "--rate", "20mbit", "--ingress");
      assert.deepEqual((await rates()).sort(), ["10Mbit", "20Mbit"]);
      await net("shape", "web", "-r", "none");
      await net("shape", "web", "-r", "none", "--ingress");
      assert.deepEqual(await rates(), []);
      await failsWith(["shape", "web"], 1, /^no rate is given\nGive one: ctr net shape web --rate 10mbit\n$/);
      await failsWith(["shape", "web", "-r", "fast"], 125, /a rate is a number of bits per second with a unit/);
    });
  });

  async function failsWith(argv: readonly string[], exitCode: number, message: RegExp): Promise<void> {
    const result = await engine.ctr(["net", ...argv]);
    assert.match(result.stderr, message);
    assert.deepEqual([result.stdout, result.exitCode], ["", exitCode]);
  }
});
