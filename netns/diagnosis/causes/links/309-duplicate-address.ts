import { bridgeAddresses, bridgeNetworks, cableOfLink, cablesOf } from "../../intended.ts";
import { obstaclesOf } from "../../obstacles.ts";
import type { AddressHolder, SnapshotView } from "../../snapshot-view.ts";
import { type Cause, HOST, type StateContext } from "../../types/index.ts";
import { text } from "../facts.ts";
import { byHand, inPlace } from "../fixes.ts";
import { type Case, found } from "../found.ts";

export const duplicateAddress: Cause = {
  code: "CTRN309",
  severity: "error",
  heading: "Two have the same address",

  inspect: (context) =>
    addressesGiven(context).flatMap((address) => {
      const others = intruders(context, address);
      return others.length === 0 ? [] : found(duplicateAddress, undefined, caseOf(context, address, others));
    }),

  // The packet may arrive, at the wrong one: nothing that the model says tells of it but the address.
  explain(context) {
    const { flow } = context;
    const obstacle = obstaclesOf(context).find(({ kind }) =>
      [
        "neighbour-wrong",
        "no-listener",
        "neighbour-silent",
        "wrong-bridge-port",
        "answer-misrouted",
        "martian",
      ].includes(kind),
    );
    // Translation changes the address on the way.
    const passed = context.walk.there.map(({ packet }) => packet.destination);
    const addresses = [
      flow.destination,
      flow.source,
      obstacle === undefined ? "" : text(obstacle, "address"),
      ...passed,
      obstacle?.packet?.source ?? "",
    ];
    const address = addresses.find((one) => one !== "" && intruders(context, one).length > 0);
    if (address === undefined) return [];
    return [found(duplicateAddress, obstacle, caseOf(context, address, intruders(context, address)))];
  },
};

/** To containers and to bridges. */
const addressesGiven = ({ view, snapshot }: StateContext): string[] => [
  ...cablesOf(view).flatMap(({ endpoint }) => [endpoint.address, endpoint.address6]),
  ...bridgeNetworks(snapshot).flatMap(({ network }) => bridgeAddresses(network).map(({ address }) => address)),
];

/** Who has a container's address without being that container, on the same network. */
function intruders({ view }: StateContext, address: string): readonly AddressHolder[] {
  if (address === "") return [];
  const owner = cablesOf(view).find(({ endpoint }) => endpoint.address === address || endpoint.address6 === address);
  if (owner === undefined) return gatewayIntruders(view, address);
  return view.holdersOf(address).filter(({ namespace, link }) => {
    if (namespace.key === owner.namespace.key) return false;
    return namespace.key === HOST || cableOfLink(view, namespace.key, link.name)?.bridgeName === owner.bridgeName;
  });
}

/** Containers that have the address of their network's bridge. */
const gatewayIntruders = (view: SnapshotView, address: string): readonly AddressHolder[] => {
  const bridge = bridgeOf(view, address);
  if (bridge === undefined) return [];
  return view
    .holdersOf(address)
    .filter(({ namespace, link }) => cableOfLink(view, namespace.key, link.name)?.bridgeName === bridge);
};

const bridgeOf = (view: SnapshotView, address: string): string | undefined =>
  bridgeNetworks(view.snapshot).find(({ network }) => bridgeAddresses(network).some((one) => one.address === address))
    ?.bridge;

function caseOf({ view }: StateContext, address: string, others: readonly AddressHolder[]): Case {
  const owner = cablesOf(view).find(({ endpoint }) => endpoint.address === address || endpoint.address6 === address);
  const rightful = owner === undefined ? `the bridge ${bridgeOf(view, address)}` : `container ${owner.container.name}`;
  const [other] = others;
  const place = other?.namespace.key ?? HOST;
  const who = place === HOST ? "the host" : `container ${view.nameOf(place)}`;
  const device = other?.link.name ?? "";
  const prefix = other?.link.addresses.find((one) => one.address === address)?.prefixLength ?? 32;
  return {
    object: `address ${address}`,
    title: `Both ${rightful} and ${who} have the address ${address}: packets go now to the one, now to the other.`,
    explanation:
      `ctr gave ${address} to ${rightful}. ${who[0]?.toUpperCase()}${who.slice(1)} has it as well, on ${device}: a program there has set it by hand. ` +
      "Connections break, or reach the wrong one.",
    evidence: [
      {
        source: `ip address show ${device} (in ${view.nameOf(place)})`,
        value: `${address}/${prefix}`,
        expected: "another address",
      },
    ],
    fix: byHand(
      "Take it from the one that should not have it.",
      inPlace(place, view.nameOf(place), ["ip", "address", "delete", `${address}/${prefix}`, "dev", device]),
    ),
  };
}
