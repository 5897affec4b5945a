import { type Cause, type FlowContext, HOST } from "../../types/index.ts";
import { byHand, inPlace } from "../fixes.ts";
import { found } from "../found.ts";

export const receiveBufferFull: Cause = {
  code: "CTRN608",
  severity: "error",
  heading: "The program does not take its datagrams fast enough",

  explain(context) {
    const lost = lostDatagrams(context);
    const dropped = context.observations?.drops.some(({ reason }) => reason === "SOCKET_RCVBUFF") === true;
    if (context.flow.protocol !== "udp" || (lost === 0 && !dropped)) return [];
    const { view, walk, flow } = context;
    const place = walk.arrivesAt ?? flow.to ?? HOST;
    const name = place === HOST ? "the host" : `container ${view.nameOf(place)}`;
    return [
      found(receiveBufferFull, undefined, {
        object: `${name}, port ${flow.destinationPort}/udp`,
        title: `The network is fine: the program in ${name} takes its datagrams too slowly, and the kernel throws away what does not fit its buffer.`,
        explanation:
          "Datagrams wait in a buffer of the program's socket. When it is full, each further one is lost, and nobody is told.",
        evidence: [{ source: `/proc/net/snmp (in ${view.nameOf(place)})`, value: `RcvbufErrors rose by ${lost}` }],
        confidence: "confirmed",
        fix: byHand(
          "Look at what the program waits for; a larger buffer bridges short bursts only.",
          inPlace(HOST, "host", ["sysctl", "-w", "net.core.rmem_max=8388608"]),
        ),
      }),
    ];
  },
};

const lostDatagrams = ({ observations, walk }: FlowContext): number =>
  observations?.counters
    .filter(
      ({ name, place }) => /RcvbufErrors$/.test(name) && (walk.arrivesAt === undefined || place === walk.arrivesAt),
    )
    .reduce((sum, { change }) => sum + Math.max(change, 0), 0) ?? 0;
