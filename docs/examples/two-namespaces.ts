/**
 * Two network namespaces on a bridge, with NAT and a published port, without the engine:
 *
 *     unshare --net node docs/examples/two-namespaces.ts
 *
 * (`unshare` gives it a network of its own: it neither disturbs yours nor an engine that runs.) In a project of your own,
 * import from "ctr/netns".
 */
import { once } from "node:events";
import { PlainNetwork } from "../../netns/index.ts";

const SERVER = `require("http").createServer((request, response) =>
  response.end("hello, " + request.socket.remoteAddress)).listen(80, "0.0.0.0", () => console.log("ready"))`;
const CLIENT = `fetch("http://10.99.0.2").then((answer) => answer.text()).then(console.log)`;

using network = new PlainNetwork({ bridge: "example0", gateway: "10.99.0.1/24" });
const web = network.addNamespace("web", "10.99.0.2");
const laptop = network.addNamespace("laptop", "10.99.0.3");
network.publish({ hostPort: 8080, to: web, port: 80 });

const server = web.spawn(process.execPath, ["-e", SERVER]);
await once(server.stdout ?? server, "data");
console.log("the host, by the published port:", await (await fetch("http://10.99.0.1:8080")).text());
const client = laptop.spawn(process.execPath, ["-e", CLIENT]);
const [text] = await once(client.stdout ?? client, "data");
console.log("the laptop, by its neighbour's address:", String(text).trim());
server.kill();
