import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { CtrError } from "../../../lib/errors.ts";
import { enterNetworkNamespace } from "../../../netns/namespace.ts";
import { NetlinkSocket } from "../../../netns/netlink/transport.ts";
import { bindProxySocket } from "../../../netns/proxy/listen.ts";
import { atOtherEnd, readCounters, removeStrayShapes, shape, unshape } from "../../../netns/traffic/index.ts";
import { waitFor } from "../../support/wait.ts";
import { ip, ipJson, PrivateNetwork } from "./private-network.ts";

const CABLE = "veth1a2b3c4";
const MEGABIT = 1_000_000;
/** Packets. */
const BURST = 30;

/** The queueing discipline of a link, as tc shows it. */
interface Qdisc {
  readonly kind: string;
  /** tc says bytes per second. */
  readonly options: { readonly rate?: number };
  readonly bytes: number;
  /** Sent, dropped, and waiting. */
  readonly packets: number;
  readonly drops: number;
  readonly qlen: number;
}

const qdiscs = (link: string): Qdisc[] =>
  JSON.parse(execFileSync("tc", ["-json", "-statistics", "qdisc", "show", "dev", link], { encoding: "utf8" }));
const kinds = (link: string): string[] => qdiscs(link).map(({ kind }) => kind);
const links = (): unknown[] => ipJson("link").map(({ ifname }) => ifname);

describe("traffic", () => {
  let resources: DisposableStack;
  let network: PrivateNetwork;
  let netlink: NetlinkSocket;
  let client: Socket;
  /** Number of the present burst, and how many of its packets were sent back. */
  let burst = 0;
  let answered = 0;
  beforeEach(async () => {
    resources = new DisposableStack();
    network = resources.use(PrivateNetwork.enter());
    netlink = resources.use(NetlinkSocket.open());
    // A container without a process, on a cable.
    const container = network.namespace("web");
    execFileSync("mkdir", ["-p", network.namespace("")]);
    execFileSync("sh", ["-c", `touch ${container} && unshare --net=${container} ip link set lo up`]);
    ip("link", "add", CABLE, "up", "type", "veth", "peer", "eth0", "netns", container);
    ip("address", "add", "192.0.2.1/24", "dev", CABLE);
    inside(() => {
      ip("address", "add", "192.0.2.2/24", "dev", "eth0");
      ip("link", "set", "eth0", "up");
    });
    client = await startEcho();
  });
  afterEach(() => resources.dispose());

  function inside<T>(body: () => T extends PromiseLike<unknown> ? never : T): T {
    return enterNetworkNamespace(network.namespace("web"), body);
  }

  /** @returns the client of a server in the container that sends everything back */
  async function startEcho(): Promise<Socket> {
    const echo = createSocket("udp4");
    resources.defer(() => echo.close());
    echo.on("message", (data, { address, port }) => echo.send(data, port, address));
    // The socket is born in the container's namespace, and served here.
    echo.bind({ fd: inside(() => bindProxySocket("udp", { address: "192.0.2.2", port: 7 })) });
    const socket = createSocket("udp4");
    resources.defer(() => socket.close());
    socket.on("message", (data) => {
      if (data[0] === burst) answered++;
    });
    socket.connect(7, "192.0.2.2");
    await once(socket, "connect");
    return socket;
  }
  /** Sends packets of 1 400 bytes to the container, which sends them back. Sockets' buffers hold all of them. */
  function sendBurst(): void {
    answered = 0;
    burst++;
    for (let count = 0; count < BURST; count++) client.send(Buffer.alloc(1372, burst));
  }

  async function allAnswered(): Promise<void> {
    sendBurst();
    await waitFor("all answers", () => answered === BURST);
  }

  /**
   * @returns how many bytes a limited link let out so far, once all packets of a burst have come to it. The kernel's own,
   *   which look for routers and neighbours, are small
   */
  async function letOut(link: string): Promise<number> {
    const read = (): Qdisc => qdiscs(link)[0] ?? assert.fail(`no limit of ${link}`);
    const before = read();
    sendBurst();
    return waitFor("the burst", () => {
      const { bytes, packets, drops, qlen } = read();
      return packets - before.packets + drops + qlen >= BURST ? bytes - before.bytes : undefined;
    });
  }

  it("is limited in what a container receives", async () => {
    shape(netlink, CABLE, { rateBps: 8_000, ingress: true });
    assert.ok((await letOut(CABLE)) < (BURST * 1_400) / 2);
    shape(netlink, CABLE, { rateBps: 1_000 * MEGABIT, ingress: true });
    await allAnswered();
    shape(netlink, CABLE, { rateBps: 0, ingress: true });
    shape(netlink, CABLE, { rateBps: 0, ingress: true });
    assert.deepEqual(kinds(CABLE), ["noqueue"]);
    await allAnswered();
  });

  it("is limited in what a container sends", async () => {
    shape(netlink, CABLE, { rateBps: 8_000, ingress: false });
    assert.ok((await letOut("ifb-1a2b3c4")) < (BURST * 1_400) / 2);
    shape(netlink, CABLE, { rateBps: 1_000 * MEGABIT, ingress: false });
    await allAnswered();
    shape(netlink, CABLE, { rateBps: 0, ingress: false });
    shape(netlink, CABLE, { rateBps: 0, ingress: false });
    assert.deepEqual(kinds(CABLE), ["noqueue"]);
    assert.deepEqual(links(), ["lo", CABLE]);
    await allAnswered();
  });

  it("has the rate that was asked for, also a very high one", () => {
    const rateOf = (link: string): number | undefined => qdiscs(link)[0]?.options.rate;
    for (const rateBps of [MEGABIT, 10 * MEGABIT, 100_000 * MEGABIT]) {
      shape(netlink, CABLE, { rateBps, ingress: true });
      shape(netlink, CABLE, { rateBps, ingress: false });
      assert.deepEqual([rateOf(CABLE), rateOf("ifb-1a2b3c4")], [rateBps / 8, rateBps / 8]);
    }
  });

  it("leaves nothing of its limits behind", () => {
    shape(netlink, CABLE, { rateBps: MEGABIT, ingress: true });
    shape(netlink, CABLE, { rateBps: MEGABIT, ingress: false });
    unshape(netlink, CABLE);
    assert.deepEqual(kinds(CABLE), ["noqueue"]);
    assert.deepEqual(links(), ["lo", CABLE]);
    unshape(netlink, CABLE);
    // A crash: the cable has gone, and its link is found by its name.
    shape(netlink, CABLE, { rateBps: MEGABIT, ingress: false });
    assert.deepEqual(removeStrayShapes(netlink), []);
    ip("link", "delete", CABLE);
    assert.deepEqual(removeStrayShapes(netlink), ["ifb-1a2b3c4"]);
    assert.deepEqual(links(), ["lo"]);
    unshape(netlink, CABLE);
  });

  it("makes half a limit whole", async () => {
    ip("link", "add", "ifb-1a2b3c4", "up", "type", "ifb");
    shape(netlink, CABLE, { rateBps: 8_000, ingress: false });
    assert.ok((await letOut("ifb-1a2b3c4")) < (BURST * 1_400) / 2);
  });

  it("cannot be limited where there is no cable", () => {
    assert.throws(
      () => shape(netlink, "veth0000000", { rateBps: MEGABIT, ingress: false }),
      (error) => error instanceof CtrError && error.code === "CTR_INTERFACE_NOT_FOUND",
    );
    assert.deepEqual(links(), ["lo", CABLE]);
  });

  it("is counted at either end", async () => {
    const before = readCounters(netlink, CABLE);
    assert.ok(before);
    await allAnswered();
    const host = readCounters(netlink, CABLE);
    assert.ok(host);
    assert.ok(host.sentPackets - before.sentPackets >= BURST);
    assert.ok(host.sentBytes - before.sentBytes >= BURST * 1_400, `${host.sentBytes} bytes`);
    assert.ok(host.receivedBytes - before.receivedBytes >= BURST * 1_400);
    using within = inside(() => NetlinkSocket.open());
    // Nobody sends any more but the kernel, which may look for neighbours between the two readings.
    const container = readCounters(within, "eth0");
    assert.ok(container);
    assert.ok(container.receivedPackets >= atOtherEnd(host).receivedPackets);
    assert.equal(readCounters(netlink, "veth0000000"), undefined);
  });
});
