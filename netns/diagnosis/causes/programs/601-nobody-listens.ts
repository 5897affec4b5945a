import { cablesOf } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import { banOf } from "../../policy.ts";
import type { SnapshotView } from "../../snapshot-view.ts";
import { type Cause, type FlowContext, HOST, type NamespaceState } from "../../types/index.ts";
import { number, placeOf, text } from "../facts.ts";
import { byHand, inPlace } from "../fixes.ts";
import { found } from "../found.ts";
import { DNS_PORT, SANDBOX_SERVER } from "../names/resolv.ts";
import { translatedBefore } from "../translated.ts";
import { meantContainer, portsOfNumber, sleepersOf } from "../translation/published.ts";
import { cameByPublishedPort, listenersOf, listenerText, openListeners } from "./listeners.ts";

export const nobodyListens: Cause = {
  code: "CTRN601",
  severity: "error",
  heading: "No program listens on the port",

  explain: (context) =>
    obstaclesOfKind(context, "no-listener").flatMap((obstacle) => {
      const { view, flow } = context;
      const place = placeOf(obstacle);
      const namespace = view.namespace(place);
      const port = number(obstacle, "port") ?? obstacle.packet?.destinationPort ?? flow.destinationPort;
      const protocol = text(obstacle, "protocol") || flow.protocol;
      // A probe that has given up no longer takes the answer.
      if (obstacle.direction === "back" && place === flow.from) return [];
      // Names, ports that are published on the host, and ports that are not, have causes of their own.
      if (flow.destinationPort === DNS_PORT || (place === HOST && isAboutPublishing(context))) return [];
      // Where somebody else's rule has led the packet, nobody has to listen: the rule is what is to be told.
      if (translatedBefore(context, obstacle).length > 0) return [];
      const others = namespace === undefined ? [] : openListeners(namespace, protocol);
      const isLed = cameByPublishedPort(context, obstacle.packet);
      if (place !== HOST && isLed && others.length > 0) return [];
      const name = place === HOST ? "the host" : `container ${view.nameOf(place)}`;
      const elsewhere = place === HOST ? [] : neighboursListening(view, place, port, protocol);
      return found(nobodyListens, obstacle, {
        object: `${name}, port ${port}/${protocol}`,
        title: `The network is fine: the packet arrives at ${name}, where no program listens on port ${port}/${protocol}.`,
        explanation:
          "The kernel there refuses it. The program has not started, has ended, or listens on another port; see its logs." +
          (elsewhere.length === 0
            ? ""
            : ` ${elsewhere.join(" and ")} of its network listens on that port: is that the one that is meant?`),
        evidence: [
          {
            source: `ss -ln${protocol === "udp" ? "u" : "t"} (in ${view.nameOf(place)})`,
            value:
              namespace === undefined
                ? "not read"
                : ownListeners(namespace, protocol).map(listenerText).join(", ") || "nobody listens",
            expected: `port ${port}`,
          },
          ...elsewhere.map((one) => ({ source: `ss -ln (in ${one})`, value: `port ${port}/${protocol}` })),
        ],
        fix: byHand(
          "Start the program, or use the port that it listens on.",
          place === HOST ? inPlace(place, "host", ["ss", "-lnp"]) : ["ctr", "logs", "--tail", "20", view.nameOf(place)],
        ),
      });
    }),
};

/** Other containers of its networks with a program on that port. */
function neighboursListening(view: SnapshotView, place: string, port: number, protocol: string): string[] {
  const bridges = new Set(cablesOf(view).flatMap((cable) => (cable.namespace.key === place ? cable.bridgeName : [])));
  const others = cablesOf(view).filter(
    ({ namespace, bridgeName }) => namespace.key !== place && bridges.has(bridgeName),
  );
  const listening = others.filter(({ namespace }) =>
    openListeners(namespace, protocol).some((one) => one.port === port),
  );
  return [...new Set(listening.map(({ container }) => container.name))];
}

/** The name server that every sandbox has is no program of the container's. */
const ownListeners = (namespace: NamespaceState, protocol: string) =>
  listenersOf(namespace, protocol).filter(({ address }) => address !== SANDBOX_SERVER);

/** Who comes from elsewhere asks for a published port; a program of the host may ask for another one of the host's. */
const isAboutPublishing = (context: FlowContext): boolean =>
  context.flow.from !== HOST ||
  portsOfNumber(context).length > 0 ||
  sleepersOf(context).length > 0 ||
  banOf(context.view, context.flow)?.kind === "unpublished" ||
  meantContainer(context) !== undefined;
