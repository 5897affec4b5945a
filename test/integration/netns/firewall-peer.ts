/**
 * A peer for firewall tests, run inside a namespace.
 *   serve NAME PORT…             answers over TCP and UDP, IPv4 and IPv6: `NAME saw ADDRESS`; prints `ready`
 *   ask tcp|udp ADDRESS PORT MS  prints the answer, the error's code, or `silence` after MS milliseconds
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, isIPv6 } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

const plain = (address = ""): string => address.replace(/^::ffff:/, "");

async function serve(name: string, ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.end(`${name} saw ${plain(socket.remoteAddress)}`);
    });
    await once(server.listen(port, "::"), "listening");
    const udp = createSocket("udp6");
    udp.on("message", (_, { address, port }) => udp.send(`${name} saw ${plain(address)}`, port, address));
    udp.bind(port, "::");
    await once(udp, "listening");
  }
  console.log("ready");
}

async function askTcp(address: string, port: number): Promise<string> {
  const socket = connect(port, address);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(socket, "end");
  return Buffer.concat(chunks).toString();
}

async function askUdp(address: string, port: number): Promise<string> {
  const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
  // Connected, so that an answer from another address than the one asked is not taken.
  socket.connect(port, address);
  await once(socket, "connect");
  socket.send("who?");
  const [answer] = (await once(socket, "message")) as [Buffer];
  return answer.toString();
}

const [verb = "", ...rest] = process.argv.slice(2);
if (verb === "serve") {
  const [name = "", ...ports] = rest;
  await serve(name, ports.map(Number));
} else {
  const [protocol, address = "", port, milliseconds] = rest;
  const answer = (protocol === "udp" ? askUdp : askTcp)(address, Number(port)).catch((error: NodeJS.ErrnoException) =>
    String(error.code),
  );
  console.log(await Promise.race([answer, delay(Number(milliseconds)).then(() => "silence")]));
  process.exit();
}
