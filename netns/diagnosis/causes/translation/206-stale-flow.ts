import { publishedPorts } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import type { Cause, ConntrackEntryState, StateContext } from "../../types/index.ts";
import { repaired } from "../fixes.ts";
import { found } from "../found.ts";
import { wrongElements } from "./205-port-leads-astray.ts";
import { isOfHost } from "./published.ts";

/** A connection that the kernel knows keeps its translation, whatever the rules say by now. */
export const staleFlow: Cause = {
  code: "CTRN206",
  severity: "error",
  heading: "The kernel still sends a client to a container that is gone",

  inspect: (context) =>
    [...Map.groupBy(staleEntries(context), ({ original }) => original.destinationPort)].flatMap(
      ([, [entry, ...others]]) =>
        entry === undefined ? [] : found(staleFlow, undefined, caseOf(context, entry, others.length + 1)),
    ),

  explain: (context) =>
    obstaclesOfKind(context, "translated-astray", "neighbour-silent").flatMap((obstacle) => {
      if (wrongElements(context).length > 0) return [];
      const { flow } = context;
      const entries = staleEntries(context).filter(
        ({ original, protocol }) =>
          protocol === flow.protocol &&
          original.destination === flow.destination &&
          original.destinationPort === flow.destinationPort,
      );
      const [entry] = entries;
      return entry === undefined ? [] : found(staleFlow, obstacle, caseOf(context, entry, entries.length));
    }),
};

/** Datagrams to a published port whose answers the kernel expects from an address that the port does not lead to. */
function staleEntries({ snapshot, view }: StateContext): ConntrackEntryState[] {
  const targets = new Map(
    publishedPorts(snapshot).flatMap(({ port, redirected }) =>
      redirected === undefined
        ? []
        : [[`${port.protocol} ${port.hostPort} ${port.hostIp.includes(":")}`, redirected.address]],
    ),
  );
  return (view.host.conntrack?.entries ?? []).filter(({ protocol, original, reply, family }) => {
    if (protocol !== "udp" || !isOfHost(view, original.destination)) return false;
    const target = targets.get(`${protocol} ${original.destinationPort} ${family === 6}`);
    // A source that is the destination itself was not translated: a program of the host answers.
    return target !== undefined && reply.source !== target && reply.source !== original.destination;
  });
}

function caseOf({ view }: StateContext, { protocol, original, reply }: ConntrackEntryState, count: number) {
  const port = String(original.destinationPort);
  return {
    object: `connection table of the host: ${protocol} port ${port}`,
    title: `The host still sends datagrams for port ${port}/${protocol} to ${reply.source}, where the service was before.`,
    explanation:
      "The kernel remembers where it led a client's first datagram, and leads all that follow there, for as long as they keep " +
      `coming. The container has another address by now. Entries of that kind: ${count}.`,
    evidence: [
      {
        source: `conntrack -L -p ${protocol} --orig-port-dst ${port}`,
        value: `${original.source} → ${original.destination}:${port} answered by ${reply.source}`,
        expected: targetOf(view, protocol, original.destinationPort),
      },
    ],
    fix: repaired("ctr lets the kernel forget those connections; the next datagram is led to the right place."),
  };
}

const targetOf = ({ snapshot }: StateContext["view"], protocol: string, hostPort: number): string =>
  publishedPorts(snapshot).find(({ port }) => port.protocol === protocol && port.hostPort === hostPort)?.redirected
    ?.address ?? "";
