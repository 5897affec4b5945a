import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { mkdirSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { runCommand } from "../../../lib/command.ts";
import type { Endpoint, NetworkConfig, PortBinding } from "../../../netns/index.ts";
import { createNamespace, enterNetworkNamespace, removeNamespace } from "../../../netns/namespace.ts";
import { waitFor } from "../../support/wait.ts";
import { EngineFixture, run, tcp } from "./engine-fixture.ts";
import { Peers } from "./peers.ts";
import { ip } from "./private-network.ts";

const PEER = join(import.meta.dirname, "firewall-peer.ts");
/** Addresses of the host, and of who asks from outside (RFC 5737, RFC 3849: for documentation). */
const HOST = "192.0.2.1";
const HOST_6 = "2001:db8::1";
const OUTSIDE = "192.0.2.2";
const OUTSIDE_6 = "2001:db8::2";

describe("published ports, from everywhere", () => {
  let resources: AsyncDisposableStack;
  let fixture: EngineFixture;
  let peers: Peers;
  beforeEach(() => {
    resources = new AsyncDisposableStack();
  });
  afterEach(() => resources.disposeAsync());

  const outside = (): string => join(fixture.network.directory, "outside");

  async function start(config: NetworkConfig = {}): Promise<void> {
    fixture = resources.use(await EngineFixture.start(config, addLoopback));
    peers = resources.use(new Peers(fixture));
    createNamespace(outside(), () => ip("link", "set", "lo", "up"));
    resources.defer(() => removeNamespace(outside()));
    ip("link", "add", "cable", "up", "type", "veth", "peer", "cable", "netns", outside());
    const give = (address: string) => ip("address", "add", address, "dev", "cable", "nodad");
    for (const address of [`${HOST}/24`, `${HOST_6}/64`]) give(address);
    enterNetworkNamespace(outside(), () => {
      for (const address of [`${OUTSIDE}/24`, `${OUTSIDE_6}/64`]) give(address);
      ip("link", "set", "cable", "up");
    });
  }

  const web = async (ports: readonly PortBinding[], network = "bridge"): Promise<Endpoint> => {
    const endpoint = await fixture.run("web", ports, network);
    await peers.serve(endpoint, "web", 80);
    return endpoint;
  };

  /** Sends everything back, in a container. */
  async function startEcho(containerId: string, port: number): Promise<void> {
    const path = fixture.engine.sandboxOf(containerId)?.namespacePath ?? assert.fail("no sandbox");
    const program = `require("node:net").createServer((socket) => socket.pipe(socket)).listen(${port}, () => console.log());`;
    const server = spawn("nsenter", [`--net=${path}`, "--", process.execPath, "-e", program]);
    resources.defer(async () => {
      server.kill("SIGKILL");
      await once(server, "exit");
    });
    await once(server.stdout, "data");
  }

  /** Asks port 8080 of the host. */
  const fromHost = (address: string, protocol: "tcp" | "udp" = "tcp"): Promise<string> =>
    peers.ask(undefined, address, 8080, protocol);

  /** @param patience milliseconds */
  async function fromOutside(
    address: string,
    protocol: "tcp" | "udp" = "tcp",
    patience = 10_000,
    port = 8080,
  ): Promise<string> {
    const ask = [process.execPath, PEER, "ask", protocol, address, String(port), String(patience)];
    const { stdout } = await runCommand(["nsenter", `--net=${outside()}`, "--", ...ask], { timeout: 60_000 });
    return stdout.trim();
  }

  /** Proxies start while the container does: the first one asks until there is somebody. */
  const listening = (address: string): Promise<boolean> =>
    waitFor(`the proxy on ${address}`, async () => !(await fromHost(address)).startsWith("E"));

  const inVain = (address: string): Promise<string> => fromOutside(address, "tcp", 500);

  const both: readonly PortBinding[] = [tcp(80, 8080), { ...tcp(80, 8080), protocol: "udp" }];

  it("are open at the container's own address on a routed network, and take no port of the host", async () => {
    await start();
    const options = Object.fromEntries(
      ["4", "6"].map((f) => [`com.docker.network.bridge.gateway_mode_ipv${f}`, "routed"]),
    );
    const ipam = { config: [{ subnet: "10.41.0.0/24" }, { subnet: "fd00:41::/64" }] };
    const { engine } = fixture;
    await engine.createNetwork({ name: "routed", enableIPv6: true, ipam, options });
    const asked = [tcp(80, 8080), tcp(80, 8081, "127.0.0.1")];
    const [first, second] = [await web(asked, "routed"), await fixture.run("two", asked, "routed")];
    const open = ["0.0.0.0", "::"].map((hostIp) => ({ protocol: "tcp", containerPort: 80, hostIp, hostPort: 0 }));
    for (const { containerId } of [first, second]) assert.deepEqual(engine.sandboxOf(containerId)?.ports, open);
    enterNetworkNamespace(outside(), () => {
      ip("route", "add", "10.41.0.0/24", "via", HOST);
      ip("route", "add", "fd00:41::/64", "via", HOST_6);
    });
    assert.equal(await fromOutside(first.address, "tcp", undefined, 80), `web saw ${OUTSIDE}`);
    assert.equal(await fromOutside(first.address6, "tcp", undefined, 80), `web saw ${OUTSIDE_6}`);
    assert.equal(await fromOutside(HOST), "ECONNREFUSED");
    // The other binding still stands for it.
    await engine.unpublish(first.containerId, [{ protocol: "tcp", containerPort: 80, hostPort: 8081 }]);
    assert.equal(await fromOutside(first.address, "tcp", undefined, 80), `web saw ${OUTSIDE}`);
    await engine.unpublish(first.containerId, [{ protocol: "tcp", containerPort: 80, hostPort: 8080 }]);
    assert.deepEqual(engine.sandboxOf(first.containerId)?.ports, []);
    // On a network with address translation the same binding takes the host's port, and gives it back with it.
    await engine.createNetwork({ name: "nat" });
    const { containerId } = second;
    await engine.connect({ containerId, containerName: "two", network: "nat", gatewayPriority: 9 });
    const hostPorts = () => engine.sandboxOf(containerId)?.ports.map(({ hostIp, hostPort }) => `${hostIp} ${hostPort}`);
    assert.deepEqual(hostPorts(), [":: 0", "0.0.0.0 8080", "127.0.0.1 8081"].sort());
    await engine.disconnect(containerId, "nat");
    assert.deepEqual(engine.sandboxOf(containerId)?.ports, open);
  });

  it("reach a container without IPv6 by IPv4 and IPv6", async () => {
    await start();
    const { gateway } = await web(both);
    await listening("::1");
    for (const protocol of ["tcp", "udp"] as const) {
      assert.equal(await fromHost("127.0.0.1", protocol), `web saw ${gateway}`);
      assert.equal(await fromHost("::1", protocol), `web saw ${gateway}`);
      assert.equal(await fromOutside(HOST, protocol), `web saw ${OUTSIDE}`);
      assert.equal(await fromOutside(HOST_6, protocol), `web saw ${gateway}`);
    }
  });

  it("reach a container with IPv6 without a change of the client's address, but from ::1", async () => {
    await start();
    await fixture.engine.createNetwork({ name: "front", enableIPv6: true });
    const { gateway, gateway6 } = await web(both, "front");
    await listening("::1");
    for (const protocol of ["tcp", "udp"] as const) {
      assert.equal(await fromHost("127.0.0.1", protocol), `web saw ${gateway}`);
      assert.equal(await fromHost("::1", protocol), `web saw ${gateway6}`);
      assert.equal(await fromOutside(HOST, protocol), `web saw ${OUTSIDE}`);
      assert.equal(await fromOutside(HOST_6, protocol), `web saw ${OUTSIDE_6}`);
    }
  });

  it("without the userland proxy are those that the kernel redirects", async () => {
    await start({ userlandProxy: false });
    const { containerId } = await web(both);
    assert.deepEqual(
      fixture.engine.sandboxOf(containerId)?.ports.map(({ hostIp }) => hostIp),
      ["0.0.0.0", "0.0.0.0"],
    );
    assert.equal(await fromOutside(HOST), `web saw ${OUTSIDE}`);
    assert.equal(await fromHost("::1"), "ECONNREFUSED");
  });

  it("with the policy loopback are for the host alone", async () => {
    await start({ publishPolicy: "loopback" });
    const { containerId, gateway } = await web([tcp(80, 8080), tcp(80, 8081, HOST)]);
    await listening("::1");
    assert.deepEqual(
      fixture.engine.sandboxOf(containerId)?.ports.map(({ hostIp, policy }) => `${hostIp} ${policy}`),
      ["127.0.0.1 loopback", "::1 loopback", `${HOST} undefined`],
    );
    assert.equal(await fromHost("127.0.0.1"), `web saw ${gateway}`);
    assert.equal(await fromHost("::1"), `web saw ${gateway}`);
    assert.equal(await inVain(HOST), "ECONNREFUSED");
    assert.equal(await inVain(HOST_6), "ECONNREFUSED");
  });

  it("with the policy hostfw are for those whom the host's own rules let in", async () => {
    await start();
    const { gateway } = await web([{ ...tcp(80, 8080), policy: "hostfw" }]);
    await listening("127.0.0.1");
    assert.equal(await fromOutside(HOST), `web saw ${gateway}`);
    // As ufw has it: what is not allowed is dropped where packets for the host itself come in.
    const chain =
      "chain input { type filter hook input priority 0; policy accept; iifname cable tcp dport 8080 drop; }";
    run(["nft", "-f", "-"], `table inet ufw {\n${chain}\n}\n`);
    assert.equal(await inVain(HOST), "silence");
    assert.equal(await inVain(HOST_6), "silence");
    run(["nft", "flush", "table", "inet", "ufw"]);
    assert.equal(await fromOutside(HOST_6), `web saw ${gateway}`);
  });

  it("with the policy hostfw are refused where no proxy can start, and nothing is left of them", async () => {
    await start();
    const { containerId } = await web([]);
    const hostfw = [{ ...tcp(80, 8080, "127.0.0.1"), policy: "hostfw" as const }];
    // Something that is not in the way of anything else: the data plane's socket cannot be made.
    const obstacle = join(fixture.network.directory, "dataplane.sock");
    mkdirSync(join(obstacle, "full"), { recursive: true });
    await assert.rejects(fixture.engine.publish(containerId, hostfw));
    await assert.rejects(fixture.run("other", hostfw));
    assert.deepEqual(fixture.engine.sandboxOf(containerId)?.ports, []);
    rmSync(obstacle, { recursive: true });
    await fixture.engine.publish(containerId, hostfw);
    assert.match(await fromHost("127.0.0.1"), /^web saw /);
  });

  it("follow at once when a port moves while a UDP client goes on sending", async () => {
    await start();
    const client = await udpClient(resources);
    const one = await web(both);
    const other = await fixture.run("other");
    await peers.serve(other, "other", 80);
    assert.match(await answerTo(client), /^web saw/);
    await fixture.engine.unpublish(one.containerId, [{ protocol: "udp", containerPort: 80 }]);
    await fixture.engine.publish(other.containerId, [{ ...tcp(80, 8080), protocol: "udp" }]);
    await waitFor("the other container's answer", async () => (await answerTo(client)).startsWith("other saw"));
  });

  it("stay open by proxy while the engine restarts, and come back when the data plane is killed", async () => {
    await start();
    const hostfw = { policy: "hostfw" } as const;
    const { containerId, gateway } = await web([
      { ...tcp(80, 8080), ...hostfw },
      { ...tcp(81, 8081), ...hostfw },
    ]);
    await startEcho(containerId, 81);
    await listening("127.0.0.1");
    const open = connect(8081, "127.0.0.1");
    resources.defer(() => void open.destroy());
    assert.equal(await echo(open, "before"), "before");
    await fixture.close();
    assert.equal(await fromHost("::1"), `web saw ${gateway}`);
    assert.equal(await echo(open, "meanwhile"), "meanwhile");
    await fixture.open();
    await fixture.engine.reconcile(new Set([containerId]));
    assert.equal(await echo(open, "afterwards"), "afterwards");
    const ports = run(["ss", "-Hlntp", "sport = :8080"]);
    const pid = Number(/pid=(\d+)/.exec(ports)?.[1] ?? assert.fail(ports));
    process.kill(pid, "SIGKILL");
    await waitFor("a new data plane", async () => (await fromHost("::1")) === `web saw ${gateway}`);
  });
});

async function echo(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [data] = (await once(socket, "data")) as [Buffer];
  return data.toString();
}

/** Sends from one and the same port all the time. */
async function udpClient(resources: AsyncDisposableStack): Promise<UdpSocket> {
  const socket = createSocket("udp4");
  resources.defer(() => void socket.close());
  socket.on("error", () => {});
  socket.connect(8080, HOST);
  await once(socket, "connect");
  return socket;
}

function answerTo(client: UdpSocket): Promise<string> {
  let answer: string | undefined;
  client.removeAllListeners("message").on("message", (data) => {
    answer = data.toString();
  });
  return waitFor("an answer", () => {
    client.send("who?");
    return answer;
  });
}

/** Docker's default bridge is for IPv4; what a private network lacks is IPv6 on loopback. */
function addLoopback(): void {
  run(["sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=0"]);
}
