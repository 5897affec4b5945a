/** The real docker CLI and the networks of the engine: packets go where it says, names mean what it says. */
import assert from "node:assert/strict";
import { dockerVersion, TODAYS_DOCKER } from "../../support/docker-version.ts";
import { waitFor } from "../../support/wait.ts";
import { DockerClient, serverOf } from "./docker-client.ts";

const SLEEP = ["busybox", "sleep", "1000"];

describe("docker and the engine's networks", () => {
  let docker: DockerClient;

  before(async () => {
    docker = await DockerClient.start();
    await docker.output("network", "create", "--subnet", "10.7.0.0/24", "front");
    await docker.output("network", "create", "back");
  });
  after(() => docker?.[Symbol.asyncDispose]());
  afterEach(() => docker.removeContainers());

  const serve: DockerClient["serve"] = (...argv) => docker.serve(...argv);
  const exec = (...argv: readonly string[]): Promise<string> => docker.output("exec", ...argv);
  /**
   * What the server at this address or name says to a program in the container's network, with the container's own name
   * files. It is the host's curl: a static busybox cannot look names up.
   */
  async function asked(container: string, target: string): Promise<string> {
    const paths = await docker.inspect(container, "{{.State.Pid}} {{.HostsPath}} {{.ResolvConfPath}}");
    const [pid = "", hosts, resolvConf] = paths.split(" ");
    const script = `mount --bind ${hosts} /etc/hosts && mount --bind ${resolvConf} /etc/resolv.conf && exec curl -s -m 2 http://${target}/`;
    const argv = ["nsenter", "--target", pid, "--net", "--", "unshare", "--mount", "sh", "-c", script];
    return (await docker.engine.host.run(argv)).stdout.trim();
  }
  /** Waits until the server has begun to listen. */
  const answers = (container: string, target: string, expected: string): Promise<boolean> =>
    waitFor(`${target} to answer ${container}`, async () => (await asked(container, target)) === expected, 20_000);
  const inspect = <T>(name: string, what: string): Promise<T> => docker.inspectAs<T>(name, what);

  describe("a container on networks", () => {
    it("has the address and the names that it was given, for its neighbours", async () => {
      await serve("web", "--network", "front", "--network-alias", "www", "--ip", "10.7.0.40", "--hostname", "webhost");
      await serve("asks", "--network", "front");
      const id = await docker.inspect("web", "{{.Id}}");
      for (const name of ["web", "www", "webhost", id.slice(0, 12), "web.front", "10.7.0.40"]) {
        await answers("asks", name, "web");
      }
      const { IPAMConfig, Aliases, DNSNames } = await inspect<Record<string, unknown>>(
        "web",
        ".NetworkSettings.Networks.front",
      );
      // Clients before API 1.45, such as Docker's CLI 20.10, are told the short id as a further alias, and no names.
      assert.deepEqual([IPAMConfig, (Aliases as string[])[0]], [{ IPv4Address: "10.7.0.40" }, "www"]);
      const names = ["web", "www", id.slice(0, 12), "webhost"];
      assert.deepEqual(DNSNames, (await dockerVersion()) < TODAYS_DOCKER ? undefined : names);
    });

    it("begins on several of them, and is known on each", async () => {
      await serve("web", "--network", "name=back", "--network", "name=front,ip=10.7.0.41,alias=two");
      await serve("asks", "--network", "front");
      await answers("asks", "two", "web");
      assert.match(await exec("web", "ip", "-4", "-o", "addr"), /eth0 .*\n.*eth1 +inet 10\.7\.0\.41\/24/);
      assert.match(await exec("web", "cat", "/etc/hosts"), /^10\.7\.0\.41\t[0-9a-f]{12}$/m);
    });

    it("joins and leaves them while it runs", async () => {
      await serve("web", "--network", "back");
      await serve("asks", "--network", "front");
      assert.equal((await docker.run(["exec", "asks", "nslookup", "web"])).exitCode, 1);
      await docker.output("network", "connect", "--alias", "late", "--ip", "10.7.0.42", "front", "web");
      await answers("asks", "late", "web");
      assert.match(await exec("web", "cat", "/etc/hosts"), /^10\.7\.0\.42\t[0-9a-f]{12}$/m);
      await docker.output("network", "disconnect", "front", "web");
      assert.equal((await docker.run(["exec", "asks", "nslookup", "late"])).exitCode, 1);
      assert.doesNotMatch(await exec("web", "cat", "/etc/hosts"), /10\.7\.0\.42/);
      assert.doesNotMatch(await exec("web", "ip", "-o", "link"), /eth1/);
    });

    it("keeps what it was connected with as it was given, over a restart of the container too", async () => {
      await serve("web", "--network", "back");
      const EndpointConfig = { IPAMConfig: {}, Aliases: [], DriverOpts: {} };
      await docker.engine.api("POST", "/networks/front/connect", { Container: "web", EndpointConfig });
      await docker.output("restart", "-t", "0", "web");
      for (const [network, expected] of [
        ["front", [{}, [], {}]],
        ["back", [null, null, null]],
      ] as const) {
        const { IPAMConfig, Aliases, DriverOpts } = await inspect<Record<string, unknown>>(
          "web",
          `.NetworkSettings.Networks.${network}`,
        );
        assert.deepEqual([IPAMConfig, Aliases, DriverOpts], expected);
      }
    });

    it("joins one by which the name server comes, unless its user changed resolv.conf", async () => {
      await serve("plain");
      await serve("edited");
      await exec("edited", "sh", "-c", "echo nameserver 192.0.2.9 >/etc/resolv.conf");
      for (const name of ["plain", "edited"]) await docker.output("network", "connect", "front", name);
      assert.match(await exec("plain", "cat", "/etc/resolv.conf"), /^nameserver 127\.0\.0\.11$/m);
      assert.equal(await exec("edited", "cat", "/etc/resolv.conf"), "nameserver 192.0.2.9");
      await answers("plain", "edited", "edited");
    });

    it("takes what it was connected to while it did not run", async () => {
      await docker.output("create", "--name", "web", "--network", "back", "busybox", ...serverOf("web"));
      await docker.output("network", "connect", "--ip", "10.7.0.43", "front", "web");
      await docker.output("network", "connect", "--ip", "10.7.0.44", "front", "web");
      await docker.output("network", "disconnect", "back", "web");
      await docker.output("start", "web");
      assert.deepEqual(Object.keys(await inspect("web", ".NetworkSettings.Networks")), ["front"]);
      assert.match(await exec("web", "ip", "-4", "-o", "addr"), /eth0 +inet 10\.7\.0\.44\/24/);
    });

    it("may be made before its network, and starts when that is there", async () => {
      const place = "name=later,ip=10.9.0.7,alias=awaited";
      await docker.output("create", "--name", "early", "--network", place, "busybox", "sleep", "1000");
      assert.equal(
        await docker.output("ps", "-aq", "--filter", "network=later"),
        (await docker.inspect("early", "{{.Id}}")).slice(0, 12),
      );
      const { IPAMConfig, Aliases, NetworkID } = await inspect<Record<string, unknown>>(
        "early",
        ".NetworkSettings.Networks.later",
      );
      assert.deepEqual([IPAMConfig, Aliases, NetworkID], [{ IPv4Address: "10.9.0.7" }, ["awaited"], ""]);
      const refused = await docker.run(["start", "early"]);
      assert.match(refused.stderr, /failed to set up container networking: network later not found/);
      assert.match((await docker.engine.ctr(["start", "early"])).stderr, /make it with: ctr network create later; or/);
      await docker.output("network", "create", "--subnet", "10.9.0.0/24", "later");
      await docker.output("start", "early");
      assert.equal(await docker.inspect("early", "{{.NetworkSettings.Networks.later.IPAddress}}"), "10.9.0.7");
      assert.match(await exec("early", "ip", "-4", "-o", "addr"), /eth0 +inet 10\.9\.0\.7\/24/);
      await docker.output("rm", "-f", "early");
      await docker.output("network", "rm", "later");
    });

    it("may be taken off a network that it waits for", async () => {
      await docker.output("create", "--name", "early", "--network", "nosuch", "busybox", "sleep", "1000");
      await docker.output("network", "disconnect", "nosuch", "early");
      await docker.output("start", "early");
      assert.deepEqual(await inspect("early", ".NetworkSettings.Networks"), {});
    });

    it("keeps its address over restarts", async () => {
      await serve("web", "--network", "back");
      const before = await docker.inspect("web", "{{.NetworkSettings.Networks.back.IPAddress}}");
      await docker.output("stop", "-t", "0", "web");
      await serve("other", "--network", "back");
      await docker.output("start", "web");
      assert.equal(await docker.inspect("web", "{{.NetworkSettings.Networks.back.IPAddress}}"), before);
    });
  });

  describe("an address that is asked for", () => {
    it("goes to a container that is made while its predecessor still runs", async () => {
      await docker.output("network", "create", "--subnet", "10.8.0.0/24", "fixed");
      const place = ["--network", "fixed", "--ip", "10.8.0.9", "busybox", "sleep", "1000"];
      await docker.output("run", "-d", "--name", "former", ...place);
      await docker.output("create", "--name", "successor", ...place);
      const refused = await docker.run(["start", "successor"]);
      assert.match(refused.stderr, /Address already in use/);
      await docker.output("rm", "-f", "former");
      await docker.output("start", "successor");
      assert.equal(await docker.inspect("successor", "{{.NetworkSettings.Networks.fixed.IPAddress}}"), "10.8.0.9");
      await docker.output("rm", "-f", "successor");
      await docker.output("network", "rm", "fixed");
    });

    it("is taken from one that is stopped and has not asked for it", async () => {
      await docker.output("network", "create", "--subnet", "10.8.0.0/24", "fixed");
      await docker.output("run", "-d", "--name", "rests", "--network", "fixed", "busybox", "sleep", "1000");
      await docker.output("stop", "-t", "0", "rests");
      await serve("asks", "--network", "fixed", "--ip", "10.8.0.2");
      await docker.output("start", "rests");
      assert.equal(await docker.inspect("asks", "{{.NetworkSettings.Networks.fixed.IPAddress}}"), "10.8.0.2");
      await answers("rests", "asks", "asks");
      await docker.output("rm", "-f", "rests", "asks");
      await docker.output("network", "rm", "fixed");
    });
  });

  describe("a container on the network of another", () => {
    it("reaches it by localhost, shares its name and files, and outlives its restart", async () => {
      await serve("web", "--network", "front", "--hostname", "shared", "--add-host", "far:192.0.2.7");
      await docker.output("run", "-d", "--name", "asks", "--network", "container:web", "busybox", "sleep", "1000");
      await answers("asks", "127.0.0.1", "web");
      assert.equal(await exec("asks", "hostname"), "shared");
      assert.match(await exec("asks", "cat", "/etc/hosts"), /192\.0\.2\.7\tfar/);
      assert.equal(await docker.inspect("asks", "{{json .NetworkSettings.Networks}}"), "{}");
      const links = await exec("asks", "ip", "-o", "link");
      await docker.output("restart", "-t", "0", "web");
      assert.equal(await exec("asks", "ip", "-o", "link"), links);
      await answers("asks", "127.0.0.1", "web");
      await serve("neighbour", "--network", "front");
      await answers("asks", "neighbour", "neighbour");
    });

    it("is not restarted while that one does not run, in Docker's words", async () => {
      await serve("web");
      await docker.output("run", "-d", "--name", "asks", "--network", "container:web", ...SLEEP);
      await docker.output("stop", "-t", "0", "web");
      const { stderr } = await docker.run(["restart", "-t", "0", "asks"]);
      assert.match(stderr, /Cannot restart container asks: cannot join network namespace of a non running container/);
      assert.equal(await docker.inspect("asks", "{{.State.ExitCode}}"), "137");
    });

    it("keeps the network while that one is stopped, and is the last to leave it", async () => {
      await serve("web", "--network", "front");
      await docker.output(
        "run",
        "-d",
        "--name",
        "asks",
        "--network",
        "container:web",
        "busybox",
        ...serverOf("asks", 81),
      );
      const path = await docker.inspect("web", "{{.NetworkSettings.SandboxKey}}");
      await docker.output("stop", "-t", "0", "web");
      await answers("asks", "127.0.0.1:81", "asks");
      assert.match(await exec("asks", "ip", "-4", "-o", "addr"), /eth0/);
      await docker.output("stop", "-t", "0", "asks");
      assert.equal((await docker.engine.host.run(["test", "-e", path])).exitCode, 1);
    });

    it("is found again after the engine was killed", async () => {
      await serve("web", "--network", "front");
      await docker.output("run", "-d", "--name", "asks", "--network", "container:web", "busybox", "sleep", "1000");
      await docker.output("stop", "-t", "0", "web");
      await docker.engine.stopDaemon("SIGKILL");
      await docker.engine.startDaemon();
      assert.match(await exec("asks", "ip", "-4", "-o", "addr"), /eth0/);
      await docker.output("start", "web");
      await answers("asks", "127.0.0.1", "web");
    });

    it("cannot start without it", async () => {
      await docker.output("create", "--name", "web", "busybox", "true");
      const refused = await docker.run(["run", "--network", "container:web", "busybox", "true"]);
      assert.equal(refused.exitCode, 125);
      assert.match(
        refused.stderr,
        /cannot join network namespace of a non running container: container \w+ is created/,
      );
    });
  });

  describe("a link on the default bridge", () => {
    it("gives name, alias and variables, and follows the target to another address", async () => {
      await serve("db", "--expose", "5432", "-e", "SECRET=1");
      await serve("web", "--link", "db:data");
      await answers("web", "data", "db");
      await answers("web", "db", "db");
      const environment = await exec("web", "env");
      for (const line of ["DATA_NAME=/web/data", "DATA_ENV_SECRET=1"]) assert.ok(environment.includes(line), line);
      assert.match(environment, /^DATA_PORT_5432_TCP_ADDR=172\.17\.0\.\d+$/m);
      const before = await docker.inspect("db", "{{.NetworkSettings.IPAddress}}");
      await exec("web", "sh", "-c", "echo '192.0.2.1 mine' >>/etc/hosts");
      await docker.output("network", "disconnect", "bridge", "db");
      await serve("filler");
      await docker.output("network", "connect", "bridge", "db");
      assert.notEqual(await docker.inspect("db", "{{.NetworkSettings.IPAddress}}"), before);
      await answers("web", "data", "db");
      assert.match(await exec("web", "cat", "/etc/hosts"), /192\.0\.2\.1 mine/);
    });

    it("is shown with the names of today, and taken away", async () => {
      await serve("db");
      await serve("web", "--link", "db:data");
      await docker.output("rename", "db", "database");
      assert.equal(await docker.inspect("web/data", "{{.Name}}"), "/database");
      assert.equal((await docker.run(["exec", "web/data", "true"])).exitCode, 0);
      assert.deepEqual(await inspect("web", ".HostConfig.Links"), ["/database:/web/data"]);
      assert.equal(await docker.output("rm", "--link", "web/data"), "web/data");
      assert.equal(await inspect("web", ".HostConfig.Links"), null);
      assert.doesNotMatch(await exec("web", "cat", "/etc/hosts"), /\bdata\b/);
      await docker.output("rm", "-f", "database");
      await docker.output("restart", "-t", "0", "web");
    });

    it("hinders the start while the target does not run", async () => {
      await docker.output("create", "--name", "db", "busybox", "true");
      const refused = await docker.run(["run", "--name", "web", "--link", "db", "busybox", "true"]);
      assert.match(refused.stderr, /Cannot link to a non running container: \/db AS \/web\/db/);
      assert.equal(await docker.inspect("web", "{{.State.Status}}"), "created");
    });
  });

  it("--link on a network of one's own is an alias for this container alone", async () => {
    await serve("db", "--network", "front");
    await serve("web", "--network", "front", "--link", "db:data");
    await serve("other", "--network", "front");
    await answers("web", "data", "db");
    assert.equal((await docker.run(["exec", "other", "nslookup", "data"])).exitCode, 1);
    assert.deepEqual(await inspect("web", ".NetworkSettings.Networks.front.Links"), ["db:data"]);
    assert.equal(await inspect("web", ".HostConfig.Links"), null);
  });

  it("--add-host, --dns and --dns-search write the container's files", async () => {
    const options = ["--add-host", "up:host-gateway", "--dns", "192.0.2.53", "--dns-search", "example.com"];
    await serve("web", ...options);
    assert.match(await exec("web", "cat", "/etc/hosts"), /^172\.17\.0\.1\tup$/m);
    assert.match(await exec("web", "cat", "/etc/resolv.conf"), /^nameserver 192\.0\.2\.53\nsearch example\.com$/m);
  });

  it("grants open what networks keep apart, and close it again", async () => {
    await serve("web", "--network", "front", "--ip", "10.7.0.50");
    await serve("asks", "--network", "back");
    const reaches = async () => (await asked("asks", "10.7.0.50")) === "web";
    await answers("web", "127.0.0.1", "web");
    assert.equal(await reaches(), false);
    const grant = { From: { Name: "back" }, To: { Name: "web" }, Port: "80" };
    assert.equal((await docker.engine.api("POST", "/ctr/networks/grants", grant)).status, 201);
    assert.equal(await reaches(), true);
    assert.equal((await docker.engine.api("DELETE", "/ctr/networks/grants", grant)).status, 204);
    assert.equal(await reaches(), false);
  });

  it("events tell what networks and containers go through", async () => {
    const since = String(Date.now() / 1000);
    await docker.output("network", "create", "brief");
    await serve("web", "--network", "front");
    await docker.output("network", "connect", "brief", "web");
    await docker.output("network", "disconnect", "brief", "web");
    await docker.output("rm", "-f", "web");
    await docker.output("network", "rm", "brief");
    const until = String(Date.now() / 1000);
    const format = "{{.Action}} {{.Actor.Attributes.name}}";
    const events = await docker.output(
      ...["events", "--since", since, "--until", until, "--filter", "type=network", "--format", format],
    );
    assert.deepEqual(events.split("\n"), [
      ...["create brief", "connect front", "connect brief", "disconnect brief", "disconnect front", "destroy brief"],
    ]);
  });

  it("networks in use stay, those that nobody uses are pruned", async () => {
    await docker.output("network", "create", "unused");
    await docker.output("network", "create", "used");
    await serve("web", "--network", "used");
    const refused = await docker.run(["network", "rm", "used"]);
    assert.match(refused.stderr, /network used has active endpoints \(name:"web" id:"[0-9a-f]{12}"\)/);
    await serve("asks", "--network", "front");
    await serve("asks2", "--network", "back");
    assert.equal(await docker.output("network", "prune", "-f"), "Deleted Networks:\nunused");
    await docker.output("rm", "-f", "web");
    assert.equal(await docker.output("network", "rm", "used"), "used");
  });
});
