import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { Conntrack, type StaleUdp } from "../../../netns/conntrack/index.ts";
import { waitFor } from "../../support/wait.ts";
import { ip, PrivateNetwork } from "./private-network.ts";

/** A rule that asks for the state of flows makes the kernel remember them. */
const TABLE = `table inet test {
  chain track { type filter hook input priority 0; policy accept; ct state invalid drop; }
  chain output { type nat hook output priority -100; policy accept; }
}`;

const nft = (...statements: readonly string[]): string =>
  execFileSync("nft", ["-f", "-"], { encoding: "utf8", input: statements.join("\n") });

describe("connection tracking", () => {
  let resources: DisposableStack;
  let conntrack: Conntrack;
  beforeEach(() => {
    resources = new DisposableStack();
    resources.use(PrivateNetwork.enter());
    conntrack = resources.use(Conntrack.open());
    nft(TABLE);
  });
  afterEach(() => resources.dispose());

  /** Leads a port of the host to an address, instead of to where it led before. */
  const lead = (port: number, address: string): string =>
    nft("flush chain inet test output", `add rule inet test output udp dport ${port} dnat ip to ${address}:53`);

  async function socketOn(address: string, port: number): Promise<Socket> {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    resources.defer(() => socket.close());
    socket.on("error", () => {});
    socket.bind(port, address);
    await once(socket, "listening");
    return socket;
  }

  /** A container that says its own address to whoever asks. */
  async function serve(address: string): Promise<void> {
    const socket = await socketOn(address, 53);
    socket.on("message", (_data, from) => socket.send(address, from.port, from.address));
  }

  /** What a client is answered, which asks again and again from one and the same port. */
  const answerTo = (client: Socket, port: number, host = "127.0.0.1"): Promise<string> => {
    let answer: string | undefined;
    client.removeAllListeners("message").on("message", (data) => {
      answer = data.toString();
    });
    return waitFor("an answer", () => {
      client.send("who?", port, host);
      return answer;
    });
  };

  /** What waits for more of its kind is done at once. */
  async function forget(stale: StaleUdp): Promise<number> {
    const count = conntrack.deleteStaleUdp(stale);
    await conntrack.settled();
    return count;
  }

  const port = (hostPort: number, hostIp = "0.0.0.0") => ({ protocol: "udp", hostIp, hostPort }) as const;

  it("forgets flows to a port that leads to another container", async () => {
    for (const address of ["127.0.0.8", "127.0.0.9"]) await serve(address);
    const client = await socketOn("127.0.0.1", 0);
    lead(5300, "127.0.0.8");
    assert.equal(await answerTo(client, 5300), "127.0.0.8");
    lead(5300, "127.0.0.9");
    // This is what it is about: the kernel goes on as it began.
    assert.equal(await answerTo(client, 5300), "127.0.0.8");
    assert.equal(await forget({ ports: [port(5300)] }), 1);
    assert.equal(await answerTo(client, 5300), "127.0.0.9");
    assert.equal(await forget({ ports: [port(5300, "127.0.0.1")] }), 1);
    assert.equal(await forget({ ports: [port(5300)] }), 0);
  });

  it("forgets flows that came before the port was published", async () => {
    await serve("127.0.0.9");
    const client = await socketOn("127.0.0.1", 0);
    const early = await socketOn("127.0.0.1", 5300);
    early.on("message", (_data, from) => early.send("the host", from.port, from.address));
    assert.equal(await answerTo(client, 5300), "the host");
    lead(5300, "127.0.0.9");
    assert.equal(await forget({ ports: [port(5300)] }), 1);
    assert.equal(await answerTo(client, 5300), "127.0.0.9");
  });

  it("forgets flows of a container's address, in both directions", async () => {
    await serve("127.0.0.9");
    const client = await socketOn("127.0.0.1", 0);
    lead(5300, "127.0.0.9");
    await answerTo(client, 5300);
    assert.equal(await forget({ addresses: ["127.0.0.8", ""] }), 0);
    assert.equal(await forget({ addresses: ["127.0.0.9"] }), 1);
    await answerTo(await socketOn("127.0.0.7", 0), 5300);
    assert.equal(await forget({ addresses: ["127.0.0.7"] }), 1);
  });

  it("leaves other ports, addresses, protocols and passing flows alone", async () => {
    await serve("127.0.0.9");
    const client = await socketOn("127.0.0.1", 0);
    lead(5300, "127.0.0.9");
    await answerTo(client, 5300);
    const others = [port(5301), port(5300, "127.0.0.2"), port(5300, "::"), { ...port(5300), protocol: "tcp" } as const];
    assert.equal(await forget({ ports: others }), 0);
    // To a host elsewhere, as a container's question to a name server.
    ip("link", "add", "cable", "up", "type", "veth", "peer", "other");
    ip("address", "add", "192.0.2.1/24", "dev", "cable");
    ip("link", "set", "other", "up");
    const passing = await socketOn("192.0.2.1", 0);
    await waitFor("the flow", () => {
      passing.send("?", 5300, "192.0.2.2");
      return listFlows("192.0.2.2").includes("5300");
    });
    assert.equal(await forget({ ports: [port(5300)] }), 1);
    assert.equal(await forget({ addresses: ["192.0.2.1"] }), 1);
  });

  it("finds the flows of many ports at once", async () => {
    await serve("127.0.0.9");
    const client = await socketOn("127.0.0.1", 0);
    const ports = Array.from({ length: 20 }, (_, index) => port(5300 + index));
    nft("add rule inet test output udp dport 5300-5319 dnat ip to 127.0.0.9:53");
    for (const { hostPort } of ports) await answerTo(client, hostPort);
    assert.equal(await forget({ ports: ports.slice(1) }), 19);
    assert.equal(await forget({ ports }), 1);
  });

  it("knows IPv6", async () => {
    const server = await socketOn("::1", 5300);
    server.on("message", (_data, from) => server.send("six", from.port, from.address));
    const client = await socketOn("::1", 0);
    await answerTo(client, 5300, "::1");
    assert.equal(await forget({ ports: [port(5300)] }), 0);
    assert.equal(await forget({ ports: [port(5300, "::")] }), 1);
    await answerTo(client, 5300, "::1");
    assert.equal(await forget({ addresses: ["::1"] }), 1);
  });
});

const listFlows = (destination: string): string =>
  execFileSync("conntrack", ["-L", "-d", destination], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
