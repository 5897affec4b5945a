import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type Server } from "node:net";
import { CtrError } from "../../../lib/errors.ts";
import { type Logger, silentLogger } from "../../../lib/log.ts";
import { HostPorts } from "../../../netns/ports/index.ts";
import type { PortBinding } from "../../../netns/types.ts";
import { PrivateNetwork } from "./private-network.ts";

const web = { containerId: "1".repeat(64), containerName: "web" };
const db = { containerId: "2".repeat(64), containerName: "db" };

const tcp = (hostPort: number, hostIp = "", hostPortEnd?: number): PortBinding => ({
  protocol: "tcp",
  containerPort: 80,
  hostIp,
  hostPort,
  ...(hostPortEnd === undefined ? {} : { hostPortEnd }),
});
const numbers = (ports: readonly { readonly hostPort: number }[]): number[] => ports.map(({ hostPort }) => hostPort);
const refusal = (message: string, code: string) => (error: unknown) =>
  error instanceof CtrError && error.status === 500 && error.message === message && error.code === code;
const IN_USE = "failed to bind host port 0.0.0.0:8080/tcp: address already in use";

/** As a program of the host would. Without a host name, because Node looks names up after the namespace was left. */
async function listen(port: number, host?: string): Promise<Server> {
  const server = createServer((socket) => socket.end());
  server.listen({ port, host, ipv6Only: host !== undefined });
  await once(server, "listening");
  return server;
}

async function close(server: Server): Promise<void> {
  server.close();
  await once(server, "close");
}

describe("host ports", () => {
  let network: PrivateNetwork;
  let ports: HostPorts;
  beforeEach(() => {
    network = PrivateNetwork.enter();
    ports = new HostPorts({
      ephemeral: () => ({ range: { start: 40000, end: 40009 }, reserved: [{ start: 40001, end: 40002 }] }),
    });
  });
  afterEach(() => {
    ports[Symbol.dispose]();
    network[Symbol.dispose]();
  });

  it("keeps programs of the host from a port, and lets them have it afterwards", async () => {
    assert.deepEqual(ports.reserve([tcp(8080)], web), [
      { protocol: "tcp", containerPort: 80, hostIp: "0.0.0.0", hostPort: 8080 },
    ]);
    await assert.rejects(listen(8080), { code: "EADDRINUSE" });
    ports.release(web.containerId);
    await close(await listen(8080));
  });

  it("refuses connections rather than let them hang, should the rules be away", async () => {
    ports.reserve([tcp(8080)], web);
    await assert.rejects(once(connect(8080, "127.0.0.1"), "connect"), { code: "ECONNREFUSED" });
  });

  it("does not take what a program of the host has", async () => {
    const server = await listen(8080);
    assert.throws(() => ports.reserve([tcp(8080)], web), refusal(IN_USE, "CTR_PORT_IN_USE"));
    assert.throws(
      () => ports.reserve([tcp(8080, "127.0.0.1")], web),
      refusal("failed to bind host port 127.0.0.1:8080/tcp: address already in use", "CTR_PORT_IN_USE"),
    );
    await close(server);
    ports.reserve([tcp(8080)], web);
  });

  it("takes a port whose last server left connections in TIME_WAIT", async () => {
    const server = await listen(8080);
    const client = connect(8080, "127.0.0.1").resume();
    await once(client, "close");
    await close(server);
    ports.reserve([tcp(8080)], web);
    await assert.rejects(listen(8080), { code: "EADDRINUSE" });
  });

  it("keeps udp ports apart from tcp ports", async () => {
    const udp = { ...tcp(8080), protocol: "udp" as const };
    ports.reserve([tcp(8080), udp], web);
    const socket = createSocket("udp4");
    socket.bind({ port: 8080, exclusive: true });
    const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
    assert.equal(error.code, "EADDRINUSE");
    assert.throws(
      () => ports.reserve([udp], db),
      refusal("Bind for 0.0.0.0:8080 failed: port is already allocated", "CTR_PORT_ALLOCATED"),
    );
  });

  it("takes sctp ports, whether the kernel has sctp or not", () => {
    const sctp = { ...tcp(8080), protocol: "sctp" as const };
    assert.deepEqual(numbers(ports.reserve([sctp], web)), [8080]);
    assert.throws(() => ports.reserve([sctp], db), CtrError);
  });

  it("says which container has a port, on the address that is taken", () => {
    ports.reserve([tcp(8080, "127.0.0.1")], web);
    assert.throws(
      () => ports.reserve([tcp(8080)], db),
      (error) =>
        refusal("Bind for 127.0.0.1:8080 failed: port is already allocated", "CTR_PORT_ALLOCATED")(error) &&
        error instanceof CtrError &&
        error.hint === "port 8080/tcp is published by web: ctr net ports shows who has which",
    );
    ports.reserve([tcp(8080, "127.0.0.2")], db);
  });

  it("refuses a host address that this host does not have", () => {
    assert.throws(
      () => ports.reserve([tcp(8080, "10.9.9.9")], web),
      refusal("failed to bind host port 10.9.9.9:8080/tcp: cannot assign requested address", "CTR_PORT_IN_USE"),
    );
  });

  it("takes all or nothing", async () => {
    const server = await listen(8083);
    assert.throws(() => ports.reserve([tcp(8081), tcp(8082), tcp(0), tcp(8083)], web), CtrError);
    assert.throws(() => ports.reserve([tcp(8081), tcp(8081)], web), CtrError);
    for (const port of [8081, 8082, 40000]) await close(await listen(port));
    assert.deepEqual(numbers(ports.reserve([tcp(8081), tcp(8082)], db)), [8081, 8082]);
    await close(server);
  });

  it("hands out ephemeral ports in turn, without reserved and taken ones", async () => {
    const server = await listen(40003);
    assert.deepEqual(numbers(ports.reserve([tcp(0), tcp(0)], web)), [40000, 40004]);
    ports.release(web.containerId);
    assert.deepEqual(numbers(ports.reserve([tcp(0), tcp(40005), tcp(0)], db)), [40006, 40005, 40007]);
    assert.deepEqual(numbers(ports.reserve([tcp(0), tcp(0), tcp(0)], web)), [40008, 40009, 40000]);
    assert.deepEqual(numbers(ports.reserve([tcp(0)], web)), [40004]);
    assert.throws(() => ports.reserve([tcp(0)], web), refusal("all ports are allocated", "CTR_PORTS_EXHAUSTED"));
    await close(server);
  });

  it("takes the first free port of a range", async () => {
    const server = await listen(9000);
    assert.deepEqual(numbers(ports.reserve([tcp(9000, "", 9002)], web)), [9001]);
    assert.deepEqual(numbers(ports.reserve([tcp(9000, "", 9002)], db)), [9002]);
    assert.throws(
      () => ports.reserve([tcp(9000, "", 9002)], db),
      refusal("all ports are allocated", "CTR_PORTS_EXHAUSTED"),
    );
    await close(server);
  });

  it("gives one container port the same number on several addresses", async () => {
    ports.reserve([tcp(40000, "127.0.0.2")], db);
    assert.deepEqual(numbers(ports.reserve([tcp(0, "127.0.0.1"), tcp(0, "127.0.0.2")], web)), [40003, 40003]);
    const mixed = ports.reserve([tcp(0), tcp(0, "127.0.0.1")], web);
    assert.notEqual(mixed[0]?.hostPort, mixed[1]?.hostPort);
  });

  it("keeps the families apart, and gives both of one binding the same number", async () => {
    const server = await listen(40003, "::");
    assert.deepEqual(numbers(ports.reserve([tcp(0), tcp(0, "::")], web)), [40000, 40000]);
    assert.deepEqual(numbers(ports.reserve([tcp(0), tcp(0, "::")], db)), [40004, 40004]);
    assert.deepEqual(numbers(ports.reserve([tcp(40003)], db)), [40003]);
    assert.deepEqual(numbers(ports.reserve([tcp(8080, "::1")], web)), [8080]);
    assert.deepEqual(numbers(ports.reserve([tcp(8080)], db)), [8080]);
    await assert.rejects(listen(8080, "::1"), { code: "EADDRINUSE" });
    assert.throws(
      () => ports.reserve([tcp(8080, "::")], db),
      refusal("Bind for ::1:8080 failed: port is already allocated", "CTR_PORT_ALLOCATED"),
    );
    assert.throws(
      () => ports.reserve([tcp(40003, "::1")], db),
      refusal("failed to bind host port [::1]:40003/tcp: address already in use", "CTR_PORT_IN_USE"),
    );
    await close(server);
  });

  it("takes further ports of a container, and gives some of them back", async () => {
    const first = ports.reserve([tcp(8080), tcp(8081)], web);
    const [more] = ports.reserve([tcp(8082)], web);
    assert.ok(more);
    ports.release(web.containerId, [...first.slice(1), { ...more, hostPort: 9999 }]);
    assert.deepEqual(numbers(ports.reserve([tcp(8081)], db)), [8081]);
    for (const port of [8080, 8082]) await assert.rejects(listen(port), { code: "EADDRINUSE" });
    ports.release(web.containerId);
    for (const port of [8080, 8082]) await close(await listen(port));
    await assert.rejects(listen(8081), { code: "EADDRINUSE" });
  });

  it("keeps what a container has when it cannot have more", async () => {
    ports.reserve([tcp(8080)], web);
    assert.throws(() => ports.reserve([tcp(8081), tcp(8080)], web), { code: "CTR_PORT_ALLOCATED" });
    await close(await listen(8081));
    await assert.rejects(listen(8080), { code: "EADDRINUSE" });
  });

  it("keeps the policy of a port", () => {
    assert.deepEqual(ports.reserve([{ ...tcp(8080), policy: "hostfw" }], web), [
      { protocol: "tcp", containerPort: 80, hostIp: "0.0.0.0", hostPort: 8080, policy: "hostfw" },
    ]);
  });

  it("takes ports back after a restart, and says so when one is lost", async () => {
    const warnings: string[] = [];
    const logger: Logger = { ...silentLogger, warn: (text) => warnings.push(text) };
    using restarted = new HostPorts({ logger });
    const server = await listen(8081);
    const published = [8080, 8081].map((hostPort) => ({
      protocol: "tcp" as const,
      containerPort: 80,
      hostIp: "0.0.0.0",
      hostPort,
    }));
    restarted.restore(published, web);
    restarted.restore(published, web);
    assert.deepEqual(warnings, ["Host port 0.0.0.0:8081/tcp of web is not held."]);
    await assert.rejects(listen(8080), { code: "EADDRINUSE" });
    assert.throws(() => restarted.reserve([tcp(8081)], db), { code: "CTR_PORT_ALLOCATED" });
    restarted.release(web.containerId);
    await close(await listen(8080));
    await close(server);
  });

  it("holds thousands of ports", () => {
    const many = Array.from({ length: 5000 }, (_, index) => tcp(10000 + index));
    assert.equal(ports.reserve(many, web).length, 5000);
    assert.throws(() => ports.reserve([tcp(0), tcp(14999)], db), CtrError);
    ports.release(web.containerId);
    assert.deepEqual(numbers(ports.reserve([tcp(14999)], db)), [14999]);
  });
});
