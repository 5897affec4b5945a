/**
 * An engine that dies: it does everything that there is to do, and is killed at the first time that a fault point comes.
 *   fault-program DIRECTORY POINT
 */
import { join } from "node:path";
import { silentLogger } from "../../../lib/log.ts";
import { Store } from "../../../lib/store.ts";
import { NetworkEngine, networkMigrations, type PortBinding } from "../../../netns/index.ts";

const [directory = "", point = ""] = process.argv.slice(2);
/** The name says of whom the record is. */
const id = (digit: string): string => digit.repeat(64);
const tcp = (containerPort: number, hostPort: number): PortBinding => ({
  protocol: "tcp",
  containerPort,
  hostIp: "",
  hostPort,
});

const store = new Store(join(directory, "ctr.db"), [networkMigrations]);
const engine = await NetworkEngine.open({
  store,
  runDir: directory,
  config: {},
  logger: silentLogger,
  step: (reached) => {
    if (reached === point) process.kill(process.pid, "SIGKILL");
  },
});
await engine.reconcile(new Set());
await engine.createNetwork({ name: "front", enableIPv6: true });
await engine.createNetwork({ name: "back" });
engine.reserveEndpoint({ containerId: id("a"), containerName: "web", network: "front" });
await engine.setUp(id("a"), [tcp(80, 8080)]);
await engine.connect({ containerId: id("a"), containerName: "web", network: "back", gatewayPriority: 1 });
await engine.publish(id("a"), [tcp(81, 8081)]);
await engine.unpublish(id("a"), [tcp(80, 8080)]);
await engine.disconnect(id("a"), "back");
await engine.removeNetwork("back");
await engine.tearDown(id("a"));
