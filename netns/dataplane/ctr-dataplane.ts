/**
 * `ctr-dataplane`: the companion process of the engine that answers names and runs proxies. It goes on while no engine is
 * there, and ends by itself when it has nothing to do for a while.
 */
import { createServer } from "node:net";
import { LISTENING_DESCRIPTOR } from "./launch.ts";
import { Service } from "./service.ts";
import { serveEngine } from "./session.ts";

/** Milliseconds. */
const CHECK_INTERVAL = 15_000;
/** Checks in a row with nothing to do, after which the process ends. */
const IDLE_CHECKS = 4;

process.title = "ctr-dataplane";
// It has no terminal; a signal to all that a shell started is not meant for it.
process.on("SIGHUP", () => {});

const service = new Service();
let engines = 0;
let idleChecks = 0;

const server = createServer((socket) => {
  engines++;
  idleChecks = 0;
  socket.once("close", () => engines--);
  serveEngine(socket, service, () => process.exit(0));
});
server.listen({ fd: LISTENING_DESCRIPTOR });

setInterval(() => {
  if (engines === 0) service.dropVanished();
  idleChecks = service.isIdle ? idleChecks + 1 : 0;
  if (idleChecks >= IDLE_CHECKS) process.exit(0);
}, CHECK_INTERVAL);
