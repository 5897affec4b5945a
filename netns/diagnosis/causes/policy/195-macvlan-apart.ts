import { type Obstacle, obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, type FlowContext, HOST } from "../../types/index.ts";
import { deviceOf, placeOf, text } from "../facts.ts";
import { byHand } from "../fixes.ts";
import { type Case, found } from "../found.ts";

/** See ip-link(8), macvlan modes, and the kernel's drivers/net/macvlan.c. */
export const macvlanApart: Cause = {
  code: "CTRN195",
  severity: "note",
  heading: "The kernel keeps containers on the host's cable apart",

  explain: (context) =>
    obstaclesOfKind(context, "neighbour-silent").flatMap((obstacle) => {
      const parented = text(obstacle, "parented");
      if (parented === "") return [];
      const details = parented === "true" ? fromHost(context, obstacle) : fromNeighbour(context, obstacle, parented);
      return found(macvlanApart, obstacle, details);
    }),
};

function fromHost({ view, flow }: FlowContext, obstacle: Obstacle): Case {
  const holder = flow.from === HOST ? view.holdersOf(flow.destination)[0]?.namespace.key : undefined;
  const place = placeOf(obstacle) === HOST ? (holder ?? HOST) : placeOf(obstacle);
  const name = view.nameOf(place);
  const kind = view.namespace(place)?.links.find((link) => link.name === deviceOf(obstacle))?.kind ?? "macvlan";
  return {
    object: `container ${name}, ${kind} link`,
    title: `This is as it should be: ${name} hangs on the host's own link (${kind}), and the kernel lets such a container and its own host not reach each other.`,
    explanation:
      "What the container sends goes out by the cable and not up into the host, and the other way round. All other machines reach it.",
    evidence: [
      { source: `ip -d link show (in ${name})`, value: kind, expected: "a bridge network, to reach the host" },
    ],
    fix: byHand(
      "Put the container on a bridge network as well, or give the host a macvlan link of its own beside it.",
      ["ctr", "net", "connect", "NETWORK", name],
    ),
  };
}

function fromNeighbour({ view }: FlowContext, obstacle: Obstacle, mode: string): Case {
  const network = view.networkOfAddress(text(obstacle, "address"))?.name ?? "";
  return {
    object: `network ${network}, macvlan_mode=${mode}`,
    title: `This is as it should be: network ${network} was made with macvlan_mode=${mode}, which keeps its containers apart.`,
    explanation:
      mode === "vepa"
        ? "In this mode frames between them go out to the switch, which has to send them back; most do not."
        : "In this mode the kernel passes no frame from one of them to another.",
    evidence: [{ source: `ctr network inspect ${network}`, value: `macvlan_mode=${mode}`, expected: "bridge" }],
    fix: byHand("Make the network anew without that option: bridge is what they have by default."),
  };
}
