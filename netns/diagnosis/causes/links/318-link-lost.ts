import type { Cable } from "../../intended.ts";
import { obstaclesOf } from "../../obstacles.ts";
import { type Cause, HOST } from "../../types/index.ts";
import { placeOf, text } from "../facts.ts";
import { repaired } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { cablesInPlace, insideName, inspectCables } from "./cables.ts";

export const linkLost: Cause = {
  code: "CTRN318",
  severity: "error",
  heading: "The container has lost its network link",

  inspect: (context) => inspectCables(linkLost, context, isLost, caseOf),

  explain: (context) =>
    obstaclesOf(context).flatMap((obstacle) => {
      const isConcerned = /route|network-down|no-source-address|link-down|carrier|neighbour/.test(obstacle.kind);
      const holder = text(obstacle, "address");
      const places = [
        placeOf(obstacle),
        // Nobody answers for an address whose container has lost the link that had it.
        ...context.view.snapshot.intent.containers.flatMap(({ id, endpoints }) =>
          holder !== "" && endpoints.some((one) => one.address === holder || one.address6 === holder) ? [id] : [],
        ),
      ].filter((place) => place !== HOST);
      const lost = places.flatMap((place) => cablesInPlace(context.view, place)).find(isLost);
      return isConcerned && lost !== undefined ? found(linkLost, obstacle, caseOf(lost)) : [];
    }),
};

const isLost = ({ inside }: Cable): boolean => inside === undefined;

function caseOf(cable: Cable): Case {
  const { interfaceName, container, namespace, endpoint, outside } = cable;
  const renamed = namespace.links.find(
    ({ mac, peer }) => mac === endpoint.macAddress || (outside !== undefined && peer?.index === outside.index),
  );
  return {
    object: insideName(cable),
    title:
      renamed === undefined
        ? `The container ${container.name} has lost its network link ${interfaceName}.`
        : `The network link ${interfaceName} of container ${container.name} is called ${renamed.name} now, and has lost what belongs to it.`,
    explanation:
      "With the link go its addresses and its routes. A program that may change the container's network has renamed it, deleted it, or " +
      "taken it elsewhere.",
    evidence: [
      {
        source: `ip link (in ${container.name})`,
        value: namespace.links.map(({ name }) => name).join(", ") || "none",
        expected: interfaceName,
      },
    ],
    fix: repaired("ctr lays the cable anew, with its addresses and routes."),
  };
}
