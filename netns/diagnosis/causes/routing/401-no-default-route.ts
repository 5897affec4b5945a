import { type Cable, cablesOf, leadingEndpoint } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, HOST, type LinkState, type StateContext } from "../../types/index.ts";
import { placeOf } from "../facts.ts";
import { repaired } from "../fixes.ts";
import { type Case, found } from "../found.ts";

type Family = 4 | 6;

export const noDefaultRoute: Cause = {
  code: "CTRN401",
  severity: "error",
  heading: "A container has lost its default route",

  inspect: (context) =>
    ([4, 6] as const).flatMap((family) =>
      lost(context, family).map((cable) => found(noDefaultRoute, undefined, caseOf(cable, family))),
    ),

  explain: (context) =>
    obstaclesOfKind(context, "no-route", "answer-unroutable").flatMap((obstacle) => {
      const { family } = context.flow;
      const place = placeOf(obstacle);
      const cable = place === HOST ? undefined : lost(context, family).find(({ namespace }) => namespace.key === place);
      return cable === undefined ? [] : found(noDefaultRoute, obstacle, caseOf(cable, family));
    }),
};

/** Cables that the default route has to lead over, where there is none; one that is cut is told as such. */
const lost = ({ view }: StateContext, family: Family): Cable[] =>
  cablesOf(view).filter(({ container, endpoint, inside, namespace }) => {
    if (leadingEndpoint(container, family)?.id !== endpoint.id || inside?.up !== true) return false;
    const own = family === 4 ? endpoint.address : endpoint.address6;
    if (!inside.addresses.some(({ address }) => address === own) || narrowPrefix(inside, own) !== undefined)
      return false;
    const everywhere = family === 4 ? "0.0.0.0/0" : "::/0";
    return !namespace.routes.some(
      (route) => route.family === family && route.destination === everywhere && route.type !== "throw",
    );
  });

/** Without its network there is no gateway either: then the prefix is what is wrong. */
const narrowPrefix = ({ addresses }: LinkState, own: string): number | undefined =>
  addresses.find(({ address, prefixLength }) => address === own && prefixLength === (own.includes(":") ? 128 : 32))
    ?.prefixLength;

function caseOf({ container, endpoint }: Cable, family: Family): Case {
  const gateway = family === 4 ? endpoint.gateway : endpoint.gateway6;
  return {
    object: `routes of container ${container.name}`,
    title: `The container ${container.name} does not know the way out of its network: its default route${family === 6 ? " for IPv6" : ""} is gone.`,
    explanation:
      "It reaches the others of its network, and for every other address the kernel says at once that the network is " +
      "unreachable. A program in the container that may change the network has taken the route away.",
    evidence: [
      {
        source: `ip ${family === 6 ? "-6 " : ""}route (in ${container.name})`,
        value: "no default route",
        expected: `default via ${gateway}`,
      },
    ],
    fix: repaired("ctr sets the container's default route again."),
  };
}
