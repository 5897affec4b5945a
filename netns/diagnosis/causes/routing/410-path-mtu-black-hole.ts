import { bridgeNetworks } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, HOST, type StateContext } from "../../types/index.ts";
import { deviceOf, number } from "../facts.ts";
import { byHand, inPlace, segmentsOf } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { type IcmpFilter, icmpFilters } from "./icmp-filters.ts";

/** See RFC 2923, path MTU discovery black hole. */
export const pathMtuBlackHole: Cause = {
  code: "CTRN410",
  severity: "error",
  heading: "Big packets vanish because the message about their size is filtered",

  inspect(context) {
    const [filter] = icmpFilters(context.view, HOST, 4);
    const narrow = filter === undefined ? undefined : narrowUplink(context);
    if (filter === undefined || narrow === undefined) return [];
    return [found(pathMtuBlackHole, undefined, caseOf(context, filter, narrow.name, narrow.mtu))];
  },

  explain: (context) =>
    obstaclesOfKind(context, "too-big").flatMap((obstacle) => {
      const { flow, view } = context;
      const [filter] = icmpFilters(
        view,
        obstacle.direction === "there" ? flow.from : (flow.to ?? flow.from),
        flow.family,
      );
      if (filter === undefined) return [];
      return found(pathMtuBlackHole, obstacle, caseOf(context, filter, deviceOf(obstacle), number(obstacle, "mtu")));
    }),
};

/** The host's way out, where it takes less than what containers send. */
function narrowUplink({ snapshot, view }: StateContext): { name: string; mtu: number } | undefined {
  const used = bridgeNetworks(snapshot).filter((one) => one.used);
  const widest = Math.max(
    0,
    ...used.map(({ bridge }) => view.host.links.find(({ name }) => name === bridge)?.mtu ?? 0),
  );
  return view.uplinks.find(({ mtu }) => mtu < widest);
}

function caseOf({ view }: StateContext, filter: IcmpFilter, device: string, mtu: number | undefined): Case {
  return {
    object: filter.name,
    title: `Big packets vanish: ${device} takes ${mtu ?? "less"} bytes, and a firewall rule keeps the senders from being told.`,
    explanation:
      "Small requests work, and larger transfers or TLS hang. The kernel answers a packet that is too big with a message (ICMP " +
      `“fragmentation needed”), upon which senders use smaller ones. ${filter.name} throws that message away.`,
    evidence: [
      { source: filter.source, value: filter.text },
      { source: `ip link show ${device}`, value: `mtu ${mtu ?? "unknown"}` },
    ],
    fix: byHand(
      "Let ICMP errors pass, or limit the size of TCP's segments to what fits.",
      inPlace(filter.place, view.nameOf(filter.place), filter.deletion),
      segmentsOf("rt mtu"),
    ),
  };
}
