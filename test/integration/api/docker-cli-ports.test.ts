/** The real docker CLI and the ports of containers: who reaches them, and what is told of them. */
import assert from "node:assert/strict";
import { waitFor } from "../../support/wait.ts";
import { DockerClient } from "./docker-client.ts";

const SLEEP = ["busybox", "sleep", "1000"];

describe("docker and the engine's ports", () => {
  let docker: DockerClient;

  before(async () => {
    docker = await DockerClient.start();
    await docker.output("network", "create", "front");
  });
  after(() => docker?.[Symbol.asyncDispose]());
  afterEach(() => docker.removeContainers());

  const serve: DockerClient["serve"] = (...argv) => docker.serve(...argv);
  const exec = (...argv: readonly string[]): Promise<string> => docker.output("exec", ...argv);
  const inspect = <T>(name: string, what: string): Promise<T> => docker.inspectAs<T>(name, what);

  async function fromHost(port: number): Promise<string> {
    const url = `http://127.0.0.1:${port}/`;
    return (await docker.engine.host.run(["curl", "-s", "-m", "2", url])).stdout.trim();
  }

  it("of -P are those exposed, tcp, udp and sctp", async () => {
    await serve("web", "-P", "--expose", "80", "--expose", "81/udp");
    const ports = await docker.output("port", "web");
    assert.match(ports, /^80\/tcp -> 0\.0\.0\.0:\d+$/m);
    assert.match(ports, /^81\/udp -> 0\.0\.0\.0:\d+$/m);
    const port = /80\/tcp -> 0\.0\.0\.0:(\d+)/.exec(ports)?.[1];
    await waitFor("the port to answer", async () => (await fromHost(Number(port))) === "web");
  });

  it("come and go while the container runs, and stay over its restart", async () => {
    await serve("web", "--network", "front");
    const publish = { PortBindings: { "80/tcp": [{ HostPort: "8077" }] } };
    const answer = await docker.engine.api("POST", "/ctr/containers/web/publish", publish);
    assert.equal(answer.status, 200, answer.body);
    await waitFor("the port to answer", async () => (await fromHost(8077)) === "web");
    assert.match(await docker.output("port", "web"), /^80\/tcp -> 0\.0\.0\.0:8077$/m);
    await docker.output("restart", "-t", "0", "web");
    await waitFor("the port to answer", async () => (await fromHost(8077)) === "web");
    const taken = await docker.run(["run", "--name", "second", "-p", "8077:80", "busybox", "true"]);
    assert.match(taken.stderr, /port is already allocated/);
    await docker.engine.api("POST", "/ctr/containers/web/unpublish", { Ports: [{ Port: "80" }] });
    assert.equal(await fromHost(8077), "");
    assert.equal(await docker.output("port", "web"), "");
    assert.equal((await docker.run(["run", "--rm", "-p", "8077:80", "busybox", "true"])).exitCode, 0);
  });

  it("that are taken change nothing, and are told with Docker's text", async () => {
    await serve("web", "-p", "8078:80");
    await serve("other", "--network", "front");
    const body = { PortBindings: { "80/tcp": [{ HostPort: "8079" }, { HostPort: "8078" }] } };
    const { status, body: text } = await docker.engine.api("POST", "/ctr/containers/other/publish", body);
    assert.equal(status >= 400, true);
    assert.match(text, /Bind for 0\.0\.0\.0:8078 failed: port is already allocated/);
    assert.deepEqual([await docker.output("port", "other"), await fromHost(8079)], ["", ""]);
  });

  it("are discarded with a warning on the host's network", async () => {
    const { stderr } = await docker.run(["run", "--rm", "--network", "host", "-p", "80:80", "busybox", "true"]);
    assert.match(stderr, /WARNING: Published ports are discarded when using host network mode/);
  });

  it("have no effect on the host's own cable, with a warning, unless a bridge is there too", async () => {
    await docker.engine.host.output(["ip", "link", "add", "lan0", "type", "veth", "peer", "lan1"]);
    await docker.output("network", "create", "-d", "macvlan", "-o", "parent=lan0", "--subnet", "10.77.0.0/24", "lan");
    const created = async (...flags: readonly string[]): Promise<string> => {
      const { stderr } = await docker.run([
        "create",
        "--name",
        "neighbour",
        ...flags,
        "-p",
        "80:80",
        "busybox",
        "true",
      ]);
      await docker.output("rm", "neighbour");
      return stderr;
    };
    const warning = "Published ports have no effect on the macvlan network lan";
    assert.match(await created("--network", "lan"), new RegExp(`^WARNING: ${warning}: `));
    assert.equal(await created("--network", "bridge"), "");
    const { stderr } = await docker.run(["create", "--name", "silent", "--network", "lan", "busybox", "true"]);
    assert.equal(stderr, "");
    await docker.output("rm", "silent");
    await docker.output("network", "rm", "lan");
  });

  it("many are reached by [::1] too, once the container runs", async () => {
    const script = "echo many > /tmp/index.html; exec httpd -f -p 9119 -h /tmp";
    await docker.output("run", "-d", "--name", "web", "-p", "9100-9119:9100-9119", "busybox", "sh", "-c", script);
    const fetched = async (): Promise<string> =>
      (await docker.engine.host.run(["curl", "-gs", "-m", "2", "http://[::1]:9119/"])).stdout.trim();
    await waitFor("the proxy to carry the last port", async () => (await fetched()) === "many", 20_000);
  });

  it("of a routed network have no number of the host's, where they are shown", async () => {
    const mode = "com.docker.network.bridge.gateway_mode_ipv4=routed";
    await docker.output("network", "create", "--subnet", "10.7.4.0/24", "-o", mode, "routed");
    await docker.output("run", "-d", "--name", "web", "--network", "routed", "-p", "127.0.0.1:8080:80", ...SLEEP);
    await docker.output("run", "-d", "--name", "two", "--network", "routed", "-p", "127.0.0.1:8080:80", ...SLEEP);
    assert.deepEqual(await inspect("web", ".NetworkSettings.Ports"), {
      "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "" }],
    });
    assert.equal(await docker.output("port", "web"), "80/tcp -> 0.0.0.0:");
    const { stdout } = await docker.engine.ctr(["net", "ports", "--format", "{{.Host}} {{.Container}} {{.Port}}"]);
    assert.equal(stdout, "routed (IPv4) two 80/tcp\nrouted (IPv4) web 80/tcp\n");
    assert.match((await docker.engine.ctr(["net", "map"])).stdout, /web .*routed \(IPv4\) → 80\/tcp/);
    await docker.removeContainers();
    await docker.output("network", "rm", "routed");
  });

  it("that are exposed are shown where a network could lead to them; ::1 has its line wherever loopback has it", async () => {
    await docker.output("network", "create", "--internal", "inner");
    for (const network of ["inner", "none", "bridge"]) {
      await docker.output(
        "run",
        "-d",
        "--name",
        "web",
        "--network",
        network,
        "-p",
        "8081:81",
        "--expose",
        "99",
        ...SLEEP,
      );
      const ports = await inspect<object>("web", ".NetworkSettings.Ports");
      assert.deepEqual(Object.keys(ports), network === "bridge" ? ["81/tcp", "99/tcp"] : [], network);
      assert.match(await exec("web", "cat", "/etc/hosts"), /^::1\tlocalhost ip6-localhost ip6-loopback$/m);
      await docker.output("rm", "-f", "web");
    }
    const off = ["--sysctl", "net.ipv6.conf.all.disable_ipv6=1", "--mac-address", "02:42:ac:11:00:99"];
    await docker.output("run", "-d", "--name", "web", ...off, ...SLEEP);
    assert.doesNotMatch(await exec("web", "cat", "/etc/hosts"), /::/);
    assert.equal(await docker.inspect("web", "{{.Config.MacAddress}}"), "02:42:ac:11:00:99");
    await docker.output("network", "rm", "inner");
  });
});
