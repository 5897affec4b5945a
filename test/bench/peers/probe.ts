/**
 *   serve PORT              prints `ready`; answers each TCP connection with one byte and closes it
 *   connect ADDRESS PORT    opens connections one after the other; prints the microseconds of each as JSON
 */
import { once } from "node:events";
import { connect, createServer } from "node:net";

const WARM_UP = 200;
const CONNECTIONS = 2000;

async function connectTime(address: string, port: number): Promise<number> {
  const start = process.hrtime.bigint();
  const socket = connect({ host: address, port, noDelay: true });
  socket.resume();
  await once(socket, "close");
  return Number(process.hrtime.bigint() - start) / 1000;
}

const [verb, ...rest] = process.argv.slice(2);
if (verb === "serve") {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end("!");
  });
  await once(server.listen(Number(rest[0]), "0.0.0.0", 1024), "listening");
  console.log("ready");
} else {
  const [address = "", port] = rest;
  for (let count = 0; count < WARM_UP; count++) await connectTime(address, Number(port));
  const times: number[] = [];
  for (let count = 0; count < CONNECTIONS; count++) times.push(await connectTime(address, Number(port)));
  console.log(JSON.stringify(times));
}
