/**
 * Makes test/fixtures/diagnosis/healthy.json anew, as root: `node test/support/healthy-snapshot.ts`. It is the snapshot of
 * an engine on which everything works: web (published 8080:80) and api on the network `front`, db on `back`, lonely on
 * the default bridge; and a second host on a cable, which the host's default route leads to.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Snapshot } from "../../netns/index.ts";
import { TestEngine } from "./engine.ts";
import { connectOutside, inNetworkOf, OUTSIDE_ADDRESS, serve } from "./outside.ts";

const FIXTURE = join(import.meta.dirname, "../fixtures/diagnosis/healthy.json");
const PROGRAM = join(import.meta.dirname, "snapshot-program.ts");
const IDLE = ["busybox", "sleep", "infinity"];

/** The machine's own names are nobody's business. */
const ETC = { "resolv.conf": `nameserver ${OUTSIDE_ADDRESS}\n`, hosts: "127.0.0.1 localhost\n" };

await using engine = await TestEngine.start({
  async prepare(host) {
    for (const [name, content] of Object.entries(ETC)) {
      const path = join(host.directory, name);
      writeFileSync(path, content);
      await host.output(["mount", "--bind", path, `/etc/${name}`]);
    }
  },
});
await using outside = await connectOutside(engine.host);
await engine.host.output(["ip", "route", "add", "default", "via", OUTSIDE_ADDRESS]);
await engine.ctrOutput("network", "create", "--subnet", "10.10.1.0/24", "front");
await engine.ctrOutput("network", "create", "--subnet", "10.10.2.0/24", "back");
await engine.ctrOutput("run", "-d", "--name", "web", "--network", "front", "-p", "8080:80", ...IDLE);
await engine.ctrOutput("run", "-d", "--name", "api", "--network", "front", "-m", "64m", "--cpus", "0.5", ...IDLE);
await engine.ctrOutput("run", "-d", "--name", "db", "--network", "back", ...IDLE);
await engine.ctrOutput("run", "-d", "--name", "lonely", ...IDLE);
for (const [name, port] of [
  ["web", 80],
  ["api", 8080],
  ["db", 5432],
] as const) {
  await serve(engine.host, name, [port], await inNetworkOf(engine, name));
}
await serve(outside, "outside", [80]);
const text = await engine.host.output([process.execPath, PROGRAM, engine.dataRoot, engine.execRoot]);
const snapshot = { ...(JSON.parse(text) as Snapshot), kernel: "6.18.0" };
mkdirSync(join(FIXTURE, ".."), { recursive: true });
writeFileSync(FIXTURE, `${JSON.stringify(snapshot, undefined, 1)}\n`);
