import { join } from "node:path";
import { TestEngine } from "../../support/engine.ts";
import type { Peer } from "./peer.ts";
import { processesOf } from "./processes.ts";

const root = join(import.meta.dirname, "../../..");

/** ctr as released: the bundle, its own client. */
export async function startCtr(): Promise<Peer> {
  const engine = await TestEngine.start();
  const program = join(root, "bin/ctr");
  const output = (argv: readonly string[]) => engine.host.output([program, "-H", `unix://${engine.socket}`, ...argv]);
  return {
    name: "ctr",
    host: engine.host,
    socket: engine.socket,
    run: async (argv) => void (await output(argv)),
    output,
    engineProcesses: async () => [engine.pid],
    monitorProcesses: async () =>
      processesOf(engine.host)
        .filter(({ command }) => command === "conmon")
        .map(({ pid }) => pid),
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}
