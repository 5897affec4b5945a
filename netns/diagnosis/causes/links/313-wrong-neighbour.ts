import { type Cable, cablesOf } from "../../intended.ts";
import { type Obstacle, obstaclesOfKind } from "../../obstacles.ts";
import type { SnapshotView } from "../../snapshot-view.ts";
import { type Cause, HOST, type NeighbourState } from "../../types/index.ts";
import { deviceOf, isTrue, placeOf, text } from "../facts.ts";
import { byHand, inPlace, ownCommand } from "../fixes.ts";
import { type Case, found } from "../found.ts";

interface WrongNeighbour {
  readonly place: string;
  readonly neighbour: NeighbourState;
  readonly expected: string;
}

export const wrongNeighbour: Cause = {
  code: "CTRN313",
  severity: "error",
  heading: "A fixed entry leads to the wrong hardware address",

  inspect: ({ view }) => wrongNeighbours(view).map((wrong) => found(wrongNeighbour, undefined, caseOf(view, wrong))),

  explain: (context) =>
    obstaclesOfKind(context, "neighbour-wrong").flatMap((obstacle) => {
      const { view } = context;
      const address = text(obstacle, "address");
      const wrong = wrongNeighbours(view).find(
        ({ place, neighbour }) => place === placeOf(obstacle) && (address === "" || neighbour.address === address),
      );
      if (wrong !== undefined) return found(wrongNeighbour, obstacle, caseOf(view, wrong));
      if (isTrue(obstacle, "learned")) return found(wrongNeighbour, obstacle, learned(view, obstacle));
      return isTrue(obstacle, "uncertain") ? found(wrongNeighbour, obstacle, outOfSight(view, obstacle)) : [];
    }),
};

/** Nobody wrote it: somebody else has answered the question for the address. */
function learned(view: SnapshotView, obstacle: Obstacle): Case {
  const [place, device] = [placeOf(obstacle), deviceOf(obstacle)];
  const [address, mac, expected] = [text(obstacle, "address"), text(obstacle, "mac"), text(obstacle, "expectedMac")];
  const name = view.nameOf(place);
  const owner = view.snapshot.namespaces.find(({ links }) => links.some((link) => link.mac === mac));
  const whose = owner === undefined ? "nobody's here" : `that of ${view.nameOf(owner.key)}`;
  return {
    object: `neighbour ${address} on ${device} of ${name}`,
    title: `${place === HOST ? "The host" : `The container ${name}`} was told a wrong hardware address for ${address}: ${whose}.`,
    explanation:
      "Whoever has an address tells its hardware address when it is asked for. Somebody else has answered: a container or a machine that " +
      "pretends to be it, or a bridge that answers for its ports (neigh_suppress) from an entry that is wrong.",
    evidence: [{ source: `ip neighbour show ${address} dev ${device} (in ${name})`, value: mac, expected }],
    fix: byHand(
      "Find out who answers, and let the entry be learned anew.",
      inPlace(place, name, ["ip", "neighbour", "flush", "to", address, "dev", device]),
      ["bridge", "-d", "link", "show"],
    ),
  };
}

/** Nothing that was read says which address is right: that nobody answers speaks against the fixed one. */
function outOfSight(view: SnapshotView, obstacle: Obstacle): Case {
  const [place, address, device] = [placeOf(obstacle), text(obstacle, "address"), deviceOf(obstacle)];
  const isGateway = view.namespace(place)?.routes.some(({ gateway }) => gateway === address) === true;
  const who = place === HOST ? "the host" : `container ${view.nameOf(place)}`;
  return {
    object: `neighbour ${address} on ${device} of ${view.nameOf(place)}`,
    title: `Somebody has fixed the hardware address of ${isGateway ? "the router " : ""}${address} in ${who}, and nobody answers there.`,
    explanation:
      `What goes by ${device} to ${address} is sent to that hardware address, and an entry that was set by hand is never checked. ` +
      "The router may have been replaced since.",
    evidence: [
      {
        source: `ip neighbour show ${address} dev ${device} (in ${view.nameOf(place)})`,
        value: `${text(obstacle, "mac")} permanent`,
        expected: "one that was learned",
      },
    ],
    fix: byHand(
      "Take the entry out: the right one is found by itself.",
      inPlace(place, view.nameOf(place), ["ip", "neighbour", "delete", address, "dev", device]),
    ),
  };
}

/** Entries that do not expire, with another hardware address than the one that has the address. */
function wrongNeighbours(view: SnapshotView): WrongNeighbour[] {
  return cablesOf(view).flatMap((cable) => [
    ...inside(view, cable),
    ...view.host.neighbours
      .filter(({ device, address }) => device === cable.bridgeName && isOf(cable, address))
      .flatMap((neighbour) => compare(HOST, neighbour, [cable.inside?.mac])),
  ]);
}

const isOf = ({ endpoint }: Cable, address: string): boolean =>
  address === endpoint.address || address === endpoint.address6;

/** A container's entries for its gateway, and for others of its network. */
function inside(view: SnapshotView, { namespace, interfaceName, bridgeName, network }: Cable): WrongNeighbour[] {
  return namespace.neighbours
    .filter(({ device, address }) => device === interfaceName && view.networkOfAddress(address)?.id === network.id)
    .flatMap((neighbour) => {
      const macs = view
        .holdersOf(neighbour.address)
        .filter(({ namespace: { key }, link }) => (key === HOST ? link.name === bridgeName : true))
        .map(({ link }) => link.mac);
      return compare(namespace.key, neighbour, macs);
    });
}

function compare(place: string, neighbour: NeighbourState, macs: readonly (string | undefined)[]): WrongNeighbour[] {
  const [expected] = macs;
  const { state, mac } = neighbour;
  if (state !== "permanent" || mac === undefined || expected === undefined || macs.includes(mac)) return [];
  return [{ place, neighbour, expected }];
}

function caseOf(view: SnapshotView, { place, neighbour, expected }: WrongNeighbour): Case {
  const { address, device, mac = "" } = neighbour;
  const who = place === HOST ? "The host" : `The container ${view.nameOf(place)}`;
  return {
    object: `neighbour ${address} on ${device} of ${view.nameOf(place)}`,
    title: `${who} sends what is for ${address} to a hardware address that is not the receiver's.`,
    explanation:
      "Somebody has written an entry that never expires, and it is wrong by now. The frames arrive at nobody, or at another container, which throws them away.",
    evidence: [
      { source: `ip neighbour show ${address} (in ${view.nameOf(place)})`, value: `${mac} permanent`, expected },
    ],
    fix: ownCommand(
      place,
      view.nameOf(place),
      ["ip", "neighbour", "delete", address, "dev", device],
      "Take the entry out: the right one is found by itself.",
    ),
  };
}
