import { obstaclesOf } from "../../obstacles.ts";
import { gotThrough } from "../../outcomes.ts";
import { type Cause, type FlowContext, HOST } from "../../types/index.ts";
import { byHand, segmentsOf } from "../fixes.ts";
import { found } from "../found.ts";

/** Bytes. What every link of the internet takes (RFC 8200) passes; a SYN is far below. */
const SMALL = 576;

/** Behind the host nothing can be read: this is what is left when only size makes the difference. */
export const farMtu: Cause = {
  code: "CTRN412",
  severity: "error",
  heading: "A link far away takes only smaller packets, and nobody says so",

  explain(context) {
    const { flow, walk, observations } = context;
    if (flow.size === undefined || flow.size <= SMALL || observations === undefined) return [];
    if (walk.deaths.length > 0 || obstaclesOf(context).length > 0 || !leftTheHost(context)) return [];
    if (observations.attempts.length === 0 || observations.attempts.some(gotThrough)) return [];
    return [
      found(farMtu, undefined, {
        object: `the way beyond the host to ${flow.destination}`,
        title: `Packets of ${flow.size} bytes leave the host and get no answer: a link further on may take only smaller ones.`,
        explanation:
          "Tunnels and VPNs take less than 1500 bytes. The router there has to tell the sender; many firewalls throw that " +
          "message away. It is the likely cause if small packets pass.",
        evidence: [{ source: "packet", value: `${flow.size} bytes left the host, no answer` }],
        confidence: "possible",
        fix: byHand(
          "Try smaller sizes; if they pass, limit the size of TCP's segments, or give the network a smaller MTU.",
          [...["ctr", "net", "trace", flow.fromText, flow.toText, "--size", "1280"]],
          segmentsOf("1240"),
        ),
      }),
    ];
  },
};

const leftTheHost = ({ observations, view }: FlowContext): boolean =>
  observations?.devices.some(
    ({ place, device, event }) =>
      (place ?? HOST) === HOST && event === "sent" && view.uplinks.some(({ name }) => name === device),
  ) ?? false;
