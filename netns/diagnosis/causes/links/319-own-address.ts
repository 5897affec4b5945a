import { isLoopback } from "../../../ports/host-address.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, type FlowContext, HOST } from "../../types/index.ts";
import { placeOf } from "../facts.ts";
import { byHand, inPlace } from "../fixes.ts";
import { found } from "../found.ts";

export const ownAddress: Cause = {
  code: "CTRN319",
  severity: "error",
  heading: "The sender has the receiver's address itself",

  explain: (context) =>
    obstaclesOfKind(context, "no-listener", "listener-elsewhere").flatMap((obstacle) => {
      const { flow, view } = context;
      const place = placeOf(obstacle);
      if (place === HOST || place !== flow.from || isMeant(context)) return [];
      const { destination } = flow;
      const link = view.holdersOf(destination).find(({ namespace }) => namespace.key === place)?.link;
      if (link === undefined) return [];
      const name = view.nameOf(place);
      const owner = view.snapshot.intent.containers.find(({ endpoints }) =>
        endpoints.some(({ address, address6 }) => address === destination || address6 === destination),
      );
      const prefix = link.addresses.find(({ address }) => address === destination)?.prefixLength ?? 32;
      return found(ownAddress, obstacle, {
        object: `address ${destination} of container ${name}`,
        title: `The container ${name} has the address ${destination} itself, on ${link.name}: what it sends there never leaves it.`,
        explanation:
          `${owner === undefined ? "It is meant for somebody else" : `It is the address of container ${owner.name}`}, and a kernel asks nobody ` +
          "where an address is that it has itself. A program in the container that may change the network has set it.",
        evidence: [
          {
            source: `ip address show ${link.name} (in ${name})`,
            value: `${destination}/${prefix}`,
            expected: "not this one",
          },
        ],
        fix: byHand(
          "Take it away from there.",
          inPlace(place, name, ["ip", "address", "delete", `${destination}/${prefix}`, "dev", link.name]),
        ),
      });
    }),
};

/** A program that asks its own container. */
const isMeant = ({ view, flow: { from, to, destination } }: FlowContext): boolean =>
  to === from ||
  isLoopback(destination) ||
  view
    .containersIn(from)
    .some(({ endpoints }) =>
      endpoints.some(({ address, address6 }) => address === destination || address6 === destination),
    );
