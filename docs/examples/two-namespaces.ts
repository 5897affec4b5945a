/**
 * Two network namespaces on a bridge, with NAT and a published port, without the engine:
 *
 *     unshare --net node docs/examples/two-namespaces.ts
 *
 * (`unshare` gives it a network of its own: it neither disturbs yours nor an engine that runs.) In a project of your own,
 * import from "ctr/netns".
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  configureInterface,
  createNamespace,
  createVethPair,
  ensureBridge,
  enterNetworkNamespace,
  generateMac,
  NetlinkSocket,
  openFirewall,
  parseAddress,
  parseCidr,
  removeNamespace,
  setSysctl,
  takeLoopbackUp,
} from "../../netns/index.ts";

const directory = mkdtempSync(join(tmpdir(), "two-namespaces-"));
using undo = new DisposableStack();
undo.defer(() => rmSync(directory, { recursive: true }));

// The host's side: a bridge that routes.
using netlink = NetlinkSocket.open();
takeLoopbackUp(netlink);
const networkId = randomBytes(32).toString("hex");
const { link: bridge } = ensureBridge(netlink, {
  ...{ name: "example0", mtu: 1500, networkId },
  addresses: [parseCidr("10.99.0.1/24")],
});
setSysctl("net/ipv4/ip_forward", "1");

// Two namespaces, each with a cable to the bridge.
for (const [name, address] of [
  ["web", "10.99.0.2/24"],
  ["client", "10.99.0.3/24"],
] as const) {
  const path = join(directory, name);
  using inside = createNamespace(path, () => NetlinkSocket.open());
  undo.defer(() => removeNamespace(path));
  const namespaceFd = openSync(path, "r");
  const peer = { name: "eth0", macAddress: generateMac(), namespaceFd };
  createVethPair(netlink, { name, mtu: 1500, master: bridge.index, peer });
  closeSync(namespaceFd);
  takeLoopbackUp(inside);
  configureInterface(inside, { name: "eth0", addresses: [parseCidr(address)], gateways: [parseAddress("10.99.0.1")] });
}

// NAT for what leaves, and the host's port 8080 for what comes.
const logger = { debug() {}, info() {}, warn: console.error, error: console.error };
using firewall = openFirewall({ logger });
firewall.ensure();
firewall.addNetwork({ bridge: "example0", subnet4: "10.99.0.0/24", internal: false, icc: true });
firewall.publish([
  { protocol: "tcp", hostIp: "", hostPort: 8080, address: "10.99.0.2", containerPort: 80, owner: "web" },
]);

// Does it work? A web server in the one, asked by the other and by the host.
const SERVER = `require("http").createServer((request, response) =>
  response.end("hello, " + request.socket.remoteAddress)).listen(80, "0.0.0.0", () => console.log("ready"))`;
const server = enterNetworkNamespace<ChildProcess>(join(directory, "web"), () =>
  spawn(process.execPath, ["-e", SERVER]),
);
undo.defer(() => server.kill());
if (server.stdout !== null) await once(server.stdout, "data");
console.log("the host, by the published port:", await (await fetch("http://10.99.0.1:8080")).text());
const ask = `fetch("http://10.99.0.2").then((answer) => answer.text()).then(console.log)`;
const client = enterNetworkNamespace<ChildProcess>(join(directory, "client"), () =>
  spawn(process.execPath, ["-e", ask], { stdio: ["ignore", "pipe", "inherit"] }),
);
client.stdout?.on("data", (text: Buffer) =>
  console.log("the client, by its neighbour's address:", String(text).trim()),
);
await once(client, "close");
