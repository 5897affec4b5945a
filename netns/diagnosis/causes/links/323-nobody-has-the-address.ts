import type { Network } from "../../../types.ts";
import { type Obstacle, obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, type Evidence, type FlowContext, HOST } from "../../types/index.ts";
import { deviceOf, placeOf, text } from "../facts.ts";
import { byHand } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { bannedHere } from "../policy/banned.ts";

/** Of a network of ctr's. Addresses of the host's own networks have a cause of their own (CTRN422). */
export const nobodyHasTheAddress: Cause = {
  code: "CTRN323",
  severity: "error",
  heading: "Nobody has the address",

  explain(context) {
    const { view, flow } = context;
    const network = view.networkOfAddress(flow.destination);
    if (network === undefined || isSomebodys(context)) return [];
    const [unasked] = bannedHere(context, "vacant");
    const [silent] = obstaclesOfKind(context, "neighbour-silent").filter(
      (obstacle) => text(obstacle, "address") === flow.destination && text(obstacle, "reason") === "no-holder",
    );
    const obstacle = unasked?.obstacle ?? silent;
    return obstacle === undefined ? [] : [found(nobodyHasTheAddress, obstacle, caseOf(context, network, silent))];
  },
};

/** @param silent where it was asked for; from elsewhere the firewall lets nobody ask */
function caseOf(context: FlowContext, { id, name }: Network, silent: Obstacle | undefined): Case {
  const { destination } = context.flow;
  return {
    object: `address ${destination} on network ${name}`,
    title: `Nobody has the address ${destination}: no container on network ${name}, and nobody else there.`,
    explanation:
      "Its container may have been removed, or have another address since. Who asks for a container by its name, on a network " +
      "that a user made, finds it wherever it is.",
    evidence: [
      ...(silent === undefined ? [] : [unanswered(context, silent)]),
      { source: `containers on network ${name}`, value: membersText(context, id) || "none that runs" },
    ],
    fix: byHand("See who has which address there.", ["ctr", "network", "inspect", name]),
  };
}

function unanswered({ view, flow }: FlowContext, silent: Obstacle): Evidence {
  const place = placeOf(silent);
  const where = place === HOST ? "the host" : view.nameOf(place);
  return {
    source: `ip neigh show ${flow.destination} dev ${deviceOf(silent)} (in ${where})`,
    value: "nobody told its hardware address",
  };
}

/** A container has it, or will have it again: that is another cause's. */
const isSomebodys = ({ snapshot, flow: { destination } }: FlowContext): boolean =>
  snapshot.intent.containers.some(({ endpoints }) =>
    endpoints.some(({ address, address6 }) => address === destination || address6 === destination),
  );

function membersText({ snapshot, flow }: FlowContext, networkId: string): string {
  const members = snapshot.intent.containers.flatMap(({ name, running, endpoints }) => {
    const endpoint = running ? endpoints.find((one) => one.networkId === networkId) : undefined;
    const address = flow.family === 6 ? endpoint?.address6 : endpoint?.address;
    return address ? [`${name} ${address}`] : [];
  });
  return members.length > 6 ? `${members.slice(0, 6).join(", ")} and ${members.length - 6} more` : members.join(", ");
}
