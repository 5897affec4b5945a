import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type ListenOptions, type Socket } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { CtrError } from "../../../lib/errors.ts";
import type { ProxySpecification } from "../../../netns/dataplane/types.ts";
import { HostPorts } from "../../../netns/ports/index.ts";
import { Proxies, type ProxyCounters } from "../../../netns/proxy/index.ts";
import { waitFor } from "../../support/wait.ts";
import { ip, PrivateNetwork } from "./private-network.ts";

const web = { containerId: "1".repeat(64), containerName: "web" };
/** What stands for a container: an address that the proxies do not listen on. */
const CONTAINER = "127.0.0.9";

const specification = (protocol: "tcp" | "udp", address: string, targetPort = 80): ProxySpecification => ({
  id: `${protocol} ${address}`,
  protocol,
  listen: { address, port: 8080 },
  target: { address: CONTAINER, port: targetPort },
});

describe("the user-space proxy", () => {
  let network: PrivateNetwork;
  let resources: AsyncDisposableStack;
  let proxies: Proxies;
  beforeEach(() => {
    network = PrivateNetwork.enter();
    resources = new AsyncDisposableStack();
    resources.use(network);
    proxies = resources.use(new Proxies());
  });
  afterEach(() => resources.disposeAsync());

  const counters = (proxy: ProxySpecification, of = proxies): ProxyCounters => {
    const found = of.counters().get(proxy.id);
    assert.ok(found);
    return found;
  };

  /** A server that answers at the container's address, or elsewhere. Its connections end with the test. */
  async function serve(onConnection: (socket: Socket) => void, options: ListenOptions = {}): Promise<void> {
    const sockets = new Set<Socket>();
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket.on("error", () => {}));
      onConnection(socket);
    });
    server.listen({ host: CONTAINER, port: 80, ...options });
    await once(server, "listening");
    resources.defer(async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    });
  }

  function client(host: string): Socket {
    const socket = connect({ host, port: 8080, allowHalfOpen: true });
    resources.defer(() => void socket.destroy());
    return socket.on("error", () => {});
  }

  const ask = (host: string): Promise<string> => text(client(host).end("question"));

  /** Whether a program of the host can listen on the port. */
  async function canListen(options: ListenOptions): Promise<boolean> {
    const server = createServer();
    server.listen(options);
    return once(server, "listening").then(
      async () => {
        server.close();
        await once(server, "close");
        return true;
      },
      () => false,
    );
  }

  describe("for tcp", () => {
    it("carries both directions, and each one's end by itself", async () => {
      await serve((socket) => {
        let said = "";
        socket.on("data", (data) => {
          said += data.toString();
        });
        socket.once("end", () => socket.end(`you said ${said}`));
      });
      const proxy = specification("tcp", "127.0.0.1");
      await proxies.put(proxy);
      assert.equal(await ask("127.0.0.1"), "you said question");
      await waitFor("the connection's end", () => counters(proxy).open === 0);
      assert.deepEqual(counters(proxy), { open: 0, total: 1, failed: 0, refused: 0, received: 8, sent: 17 });
    });

    it("leads from IPv6 to IPv4", async () => {
      await serve((socket) => socket.end("hello"));
      await proxies.put(specification("tcp", "::"));
      assert.equal(await ask("::1"), "hello");
      assert.ok(await canListen({ host: "0.0.0.0", port: 8080 }), "the IPv4 port is left alone");
    });

    it("carries megabytes unchanged, through a slow reader", async () => {
      await serve((socket) => socket.pipe(socket));
      await proxies.put(specification("tcp", "127.0.0.1"));
      const data = randomBytes(8 << 20);
      const socket = client("127.0.0.1");
      socket.end(data);
      assert.ok((await buffer(socket)).equals(data));
    });

    it("takes no more from one end than the other takes", async () => {
      await serve((socket) => socket.pause());
      const proxy = specification("tcp", "127.0.0.1");
      await proxies.put(proxy);
      const socket = client("127.0.0.1");
      const chunk = Buffer.alloc(1 << 20);
      let written = 0;
      for (; written < 256; written++) {
        const flushed = await Promise.race([
          new Promise<boolean>((done) => socket.write(chunk, () => done(true))),
          waitFor(
            "the flow to stop",
            hasStopped(() => counters(proxy).received),
          ).then(() => false),
        ]);
        if (!flushed) break;
      }
      assert.ok(written < 64, `the proxy swallowed ${written} MiB`);
    });

    it("passes a reset on, and refuses when the container does", async () => {
      await serve((socket) => socket.once("data", () => socket.resetAndDestroy()));
      await proxies.put(specification("tcp", "127.0.0.1"));
      await assert.rejects(text(client("127.0.0.1").end("question")), { code: "ECONNRESET" });
      const nobody = specification("tcp", "127.0.0.2", 81);
      await proxies.put(nobody);
      await assert.rejects(ask("127.0.0.2"), { code: "ECONNRESET" });
      await waitFor("the connection's end", () => counters(nobody).open === 0);
      assert.equal(counters(nobody).failed, 1);
    });

    it("closes the container's end when the client breaks off", async () => {
      const closed = new Promise((resolve) => {
        void serve((socket) => socket.resume().once("close", resolve));
      });
      const proxy = specification("tcp", "127.0.0.1");
      await proxies.put(proxy);
      const socket = client("127.0.0.1");
      socket.write("a");
      await waitFor("the data", () => counters(proxy).received === 1);
      socket.resetAndDestroy();
      await closed;
    });

    it("frees its port at once, and can take it again although connections were open", async () => {
      await serve((socket) => {
        socket.write("hello");
        socket.resume().once("end", () => socket.end());
      });
      const proxy = specification("tcp", "127.0.0.1");
      await proxies.put(proxy);
      const open = client("127.0.0.1");
      await once(open, "data");
      open.resume();
      await proxies.remove(proxy.id);
      await waitFor("the connection's end", () => open.closed);
      assert.ok(await canListen({ host: "127.0.0.1", port: 8080 }));
      await proxies.put(proxy);
      assert.equal(await ask("127.0.0.1"), "hello");
    });

    it("says in Docker's words that a port is taken", async () => {
      await serve(() => {}, { host: "0.0.0.0", port: 8080 });
      await assert.rejects(
        proxies.put(specification("tcp", "127.0.0.1")),
        (error) =>
          error instanceof CtrError &&
          error.code === "CTR_PORT_IN_USE" &&
          error.message === "failed to bind host port 127.0.0.1:8080/tcp: address already in use",
      );
      assert.equal(proxies.size, 0);
    });

    it("turns connections away when there are too many", async () => {
      await serve((socket) => socket.write("hello"));
      await using few = new Proxies({ files: 4 });
      const proxy = specification("tcp", "127.0.0.1");
      await few.put(proxy);
      for (let count = 0; count < 2; count++) await once(client("127.0.0.1"), "data");
      await assert.rejects(ask("127.0.0.1"), { code: "ECONNRESET" });
      assert.equal(counters(proxy, few).refused, 1);
    });

    it("leads new connections elsewhere, and leaves the others alone", async () => {
      await serve((socket) => socket.write("first"));
      await serve((socket) => socket.end("second"), { port: 81 });
      await proxies.put(specification("tcp", "127.0.0.1"));
      const open = client("127.0.0.1");
      await once(open, "data");
      await proxies.put(specification("tcp", "127.0.0.1", 81));
      assert.equal(await ask("127.0.0.1"), "second");
      assert.equal(open.closed, false);
    });

    it("brings what there is to what there should be", async () => {
      await serve((socket) => socket.end("hello"));
      const [one, two, three] = ["127.0.0.1", "127.0.0.2", "127.0.0.3"].map((address) => specification("tcp", address));
      assert.ok(one && two && three);
      await proxies.sync([one, two]);
      await serve(() => {}, { host: "127.0.0.3", port: 8080 });
      const failures = await proxies.sync([two, three]);
      assert.deepEqual(
        failures.map(({ id }) => id),
        [three.id],
      );
      assert.equal(await ask("127.0.0.2"), "hello");
      assert.deepEqual([...proxies.counters().keys()], [two.id]);
    });
  });

  describe("on a reserved port", () => {
    const everyWay = async (host: string): Promise<boolean[]> => [
      await canListen({ host, port: 8080 }),
      await canListen({ host, port: 8080, reusePort: true }),
    ];

    it("takes over from the engine's socket without a gap, whatever options others set", async () => {
      await serve((socket) => socket.end("hello"));
      const ports = resources.use(new HostPorts());
      const tcp = { protocol: "tcp", containerPort: 80, hostIp: "::", hostPort: 8080 } as const;
      const published = ports.reserve([tcp, { ...tcp, protocol: "udp" }], web);
      assert.deepEqual(await everyWay("::"), [false, false]);
      const wanted = [specification("tcp", "::"), specification("udp", "::")];
      await ports.handOver(web.containerId, published, async () => {
        assert.deepEqual(await proxies.sync(wanted), []);
      });
      assert.deepEqual(await everyWay("::"), [false, false]);
      assert.equal(await ask("::1"), "hello");

      // The engine starts anew: the proxies hold the ports.
      ports[Symbol.dispose]();
      const restarted = resources.use(new HostPorts());
      restarted.restore(published, web, () => true);
      assert.throws(() => restarted.reserve([tcp], { ...web, containerId: "2" }), { code: "CTR_PORT_ALLOCATED" });
      assert.deepEqual(await everyWay("::"), [false, false]);

      await proxies.sync([]);
      restarted.release(web.containerId);
      assert.deepEqual(await everyWay("::"), [true, true]);
    });

    it("leaves the port with the engine when it does not start", async () => {
      const ports = resources.use(new HostPorts());
      const tcp = { protocol: "tcp", containerPort: 80, hostIp: "127.0.0.1", hostPort: 8080 } as const;
      const published = ports.reserve([tcp], web);
      await assert.rejects(
        ports.handOver(web.containerId, published, () => Promise.reject(new Error("no data plane"))),
        /no data plane/,
      );
      assert.deepEqual(await everyWay("127.0.0.1"), [false, false]);
      ports.release(web.containerId, published);
      assert.deepEqual(await everyWay("127.0.0.1"), [true, true]);
    });

    it("does not begin on a port that another program shares", async () => {
      await serve(() => {}, { host: "127.0.0.1", port: 8080, reusePort: true });
      using ports = new HostPorts();
      const tcp = { protocol: "tcp", containerPort: 80, hostIp: "127.0.0.1", hostPort: 8080 } as const;
      assert.throws(() => ports.reserve([tcp], web), { code: "CTR_PORT_IN_USE" });
    });
  });

  describe("for udp", () => {
    /** Answers `<what it was sent>!`. */
    async function answer(host = CONTAINER, port = 80): Promise<UdpSocket> {
      const socket = createSocket("udp4");
      socket.on("message", (data, from) => socket.send(`${data.toString()}!`, from.port, from.address));
      socket.bind(port, host);
      await once(socket, "listening");
      resources.defer(() => void socket.close());
      return socket;
    }

    /** A client that takes answers from the address it asks alone, as connect(2) has it. */
    async function clientOf(host: string, from?: string): Promise<UdpSocket> {
      const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
      resources.defer(() => void socket.close());
      socket.on("error", () => {});
      if (from !== undefined) {
        socket.bind(0, from);
        await once(socket, "listening");
      }
      socket.connect(8080, host);
      await once(socket, "connect");
      return socket;
    }

    /** Asks until it is answered: the first question may get lost. */
    async function ask(socket: UdpSocket, question: string): Promise<string> {
      let answered = "";
      socket.once("message", (data) => {
        answered = data.toString();
      });
      return waitFor("an answer", () => {
        if (answered === "") socket.send(question);
        return answered || undefined;
      });
    }

    it("gives each client its own answers", async () => {
      await answer();
      const proxy = specification("udp", "127.0.0.1");
      await proxies.put(proxy);
      const [one, two] = await Promise.all([clientOf("127.0.0.1"), clientOf("127.0.0.1")]);
      assert.deepEqual(await Promise.all([ask(one, "one"), ask(two, "two")]), ["one!", "two!"]);
      assert.equal(counters(proxy).open, 2);
    });

    it("answers from the address that was asked", async () => {
      await answer();
      for (const address of ["192.0.2.1/32", "192.0.2.2/32"]) ip("address", "add", address, "dev", "lo");
      for (const address of ["2001:db8::1/128", "2001:db8::2/128"]) ip("address", "add", address, "dev", "lo");
      await proxies.put(specification("udp", "0.0.0.0"));
      await proxies.put(specification("udp", "::"));
      assert.equal(await ask(await clientOf("192.0.2.2", "192.0.2.1"), "four"), "four!");
      assert.equal(await ask(await clientOf("2001:db8::2", "2001:db8::1"), "six"), "six!");
      // One that the host gets later.
      ip("address", "add", "2001:db8::3/128", "dev", "lo");
      assert.equal(await ask(await clientOf("2001:db8::3", "2001:db8::1"), "later"), "later!");
    });

    it("leads clients elsewhere, and goes on without a container", async () => {
      const container = await answer();
      await proxies.put(specification("udp", "127.0.0.1"));
      const socket = await clientOf("127.0.0.1");
      assert.equal(await ask(socket, "a"), "a!");
      container.removeAllListeners("message");
      await answer(CONTAINER, 81);
      await proxies.put(specification("udp", "127.0.0.1", 81));
      assert.equal(await ask(socket, "b"), "b!");
    });

    it("makes place for new clients when there are too many", async () => {
      await answer();
      await using few = new Proxies({ files: 2 });
      const proxy = specification("udp", "127.0.0.1");
      await few.put(proxy);
      for (const question of ["a", "b", "c"]) {
        assert.equal(await ask(await clientOf("127.0.0.1"), question), `${question}!`);
      }
      const { open, total, refused } = counters(proxy, few);
      assert.deepEqual([open, total, refused], [2, 3, 1]);
    });

    it("frees its ports at once", async () => {
      await answer();
      const proxy = specification("udp", "0.0.0.0");
      await proxies.put(proxy);
      await ask(await clientOf("127.0.0.1"), "a");
      await proxies.remove(proxy.id);
      const socket = await clientOf("127.0.0.1");
      const refused = once(socket, "error");
      socket.send("a");
      assert.equal(((await refused)[0] as NodeJS.ErrnoException).code, "ECONNREFUSED");
    });
  });
});

/** A probe that is true once a number has not changed for twenty looks. */
function hasStopped(read: () => number): () => boolean {
  let last = -1;
  let same = 0;
  return () => {
    const now = read();
    same = now === last ? same + 1 : 0;
    last = now;
    return same > 20;
  };
}
