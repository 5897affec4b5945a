/**
 * `ctr-dataplane`: the companion process of the engine that answers names and runs proxies. It goes on while no engine is
 * there, and ends by itself when it has nothing to do for a while.
 */
import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { setPriority } from "node:os";
import { LISTENING_DESCRIPTOR } from "./launch.ts";
import { Service } from "./service.ts";
import { serveEngine } from "./session.ts";

/** Milliseconds. */
const CHECK_INTERVAL = 5_000;
/**
 * Milliseconds with nothing to do, after which the process ends. While an engine is there its next container may come
 * soon, and would wait for a new process to start.
 */
const IDLE_TIME = { withEngine: 600_000, alone: 30_000 } as const;

/** Of -20 … 19, the lower the earlier. */
const NICE = -10;

const [, , socketPath = ""] = process.argv;
process.title = "ctr-dataplane";
preferAnswers();
// It has no terminal; a signal to all that a shell started is not meant for it.
process.on("SIGHUP", () => {});

/**
 * An answer takes microseconds, and programs wait for it: it goes before the starts of containers, which keep all cores
 * busy for long. See nice(2). Where the kernel groups processes by their sessions (autogroup, see sched(7)), nice counts
 * only among those of one session, and the session's own number between them.
 */
function preferAnswers(): void {
  try {
    setPriority(NICE);
    writeFileSync("/proc/self/autogroup", String(NICE));
  } catch {
    // Without CAP_SYS_NICE it takes its turn like everybody else; some kernels do not group.
  }
}

const service = new Service();
let engines = 0;
let lastWork = performance.now();

const server = createServer((socket) => {
  engines++;
  lastWork = performance.now();
  socket.once("close", () => engines--);
  serveEngine(socket, service, () => process.exit(0));
});
server.listen({ fd: LISTENING_DESCRIPTOR });

setInterval(() => {
  if (engines === 0) {
    // The engine's exec-root was deleted: no engine will ever find this process again, whatever it still carries.
    if (!existsSync(socketPath)) process.exit(0);
    service.dropVanished();
  }
  const now = performance.now();
  if (!service.isIdle) lastWork = now;
  if (now - lastWork > (engines > 0 ? IDLE_TIME.withEngine : IDLE_TIME.alone)) process.exit(0);
}, CHECK_INTERVAL);
