import { runningContainers } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import type { SnapshotView } from "../../snapshot-view.ts";
import { type Cause, HOST, type LinkState } from "../../types/index.ts";
import { deviceOf, placeOf } from "../facts.ts";
import { byHand } from "../fixes.ts";
import { type Case, found } from "../found.ts";

export const parentDown: Cause = {
  code: "CTRN322",
  severity: "error",
  heading: "The host's link that a container hangs on is down",

  inspect: ({ view }) =>
    downParents(view).map(({ parent, names }) => found(parentDown, undefined, caseOf(parent, names))),

  explain: (context) =>
    obstaclesOfKind(context, "no-carrier", "link-down").flatMap((obstacle) => {
      const link = context.view
        .namespace(placeOf(obstacle))
        ?.links.find(({ name, lower }) => name === deviceOf(obstacle) && lower !== undefined);
      const parent = link && parentOf(context.view, link);
      if (parent === undefined || isWorking(parent)) return [];
      return found(parentDown, obstacle, caseOf(parent, [context.view.nameOf(placeOf(obstacle))]));
    }),
};

const isWorking = ({ up, carrier }: LinkState): boolean => up && carrier;

/** Of a macvlan or ipvlan, in the host's namespace. */
function parentOf({ host }: SnapshotView, { lower, kind }: LinkState): LinkState | undefined {
  if (lower?.namespace !== HOST || (kind !== "macvlan" && kind !== "ipvlan")) return undefined;
  return host.links.find(({ index }) => index === lower.index);
}

function downParents(view: SnapshotView): { readonly parent: LinkState; readonly names: readonly string[] }[] {
  const hanging = runningContainers(view).flatMap(({ container, namespace }) =>
    namespace.links.flatMap((link) => {
      const parent = parentOf(view, link);
      return parent === undefined || isWorking(parent) ? [] : [{ parent, name: container.name }];
    }),
  );
  return [...Map.groupBy(hanging, ({ parent }) => parent)].map(([parent, own]) => ({
    parent,
    names: [...new Set(own.map(({ name }) => name))],
  }));
}

function caseOf({ name, up }: LinkState, containers: readonly string[]): Case {
  const state = up ? "has no carrier: nothing is plugged in" : "is switched off";
  return {
    object: `link ${name}`,
    title: `The host's link ${name}, on which ${containers.join(", ")} hang${containers.length === 1 ? "s" : ""}, ${state}.`,
    explanation: "The containers' own links are parts of it (macvlan, ipvlan): nothing leaves them while it is down.",
    evidence: [{ source: `ip link show ${name}`, value: state, expected: "up, with carrier" }],
    fix: byHand("Switch it on, or mend its cable.", ["ip", "link", "set", name, "up"]),
  };
}
