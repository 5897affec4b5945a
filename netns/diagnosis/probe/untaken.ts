/**
 * A connection is made by the kernels alone: whether the program takes it shows in the queue of its listener. The probe's own
 * waits there until the program has called accept(2). See inet_diag.h: of a listener idiag_rqueue is how many wait.
 */
import { setTimeout as delay } from "node:timers/promises";
import { readSockets } from "../snapshot/sockets.ts";
import type { Flow, Observations, Place, UntakenConnection } from "../types/index.ts";
import { inPlace, type NamespaceReferences } from "./namespaces.ts";

export interface UntakenOptions extends Pick<Observations, "connections"> {
  readonly flow: Flow;
  readonly places: readonly Place[];
  readonly namespaces: NamespaceReferences;
}

/** Milliseconds. A program that runs takes a connection within a few, unless it has to wait for a processor. */
const PATIENCE = 600;
const PAUSE = 10;

/** While the probe's connections are still open. Empty as soon as nothing waits. */
export async function untakenConnections(options: UntakenOptions): Promise<UntakenConnection[]> {
  const deadline = performance.now() + PATIENCE;
  let waiting = listenersWithQueue(options, options.places);
  while (waiting.length > 0 && performance.now() < deadline) {
    await delay(PAUSE);
    waiting = listenersWithQueue(options, [...new Set(waiting.map(({ place }) => place))]);
  }
  return waiting;
}

/** Ports that the flow may have been led to. */
function listenersWithQueue({ flow, connections, namespaces }: UntakenOptions, places: readonly Place[]) {
  const ports = new Set([flow.destinationPort, ...connections.map(({ reply }) => reply.sourcePort)]);
  return places.flatMap((place) => {
    try {
      return inPlace(namespaces, place, () => readSockets())
        .filter(
          ({ protocol, state, port, waiting }) =>
            protocol === "tcp" && state === "listen" && ports.has(port) && waiting > 0,
        )
        .map(({ port, waiting, backlog }): UntakenConnection => ({ place, port, waiting, backlog }));
    } catch {
      // A place that is gone has no listener any more.
      return [];
    }
  });
}
