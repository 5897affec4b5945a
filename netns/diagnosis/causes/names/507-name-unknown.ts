import { isUserDefined } from "../../../endpoints.ts";
import type { SnapshotView } from "../../snapshot-view.ts";
import type { Cause, Finding, IntendedContainer, Place } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { type LookupCause, type LookupContext, outcomesOf, questionEvidence } from "./lookups.ts";

export const nameUnknown: Cause & LookupCause = {
  code: "CTRN507",
  severity: "error",
  heading: "The name is not known where the container asks",

  explainLookup(context) {
    const outcomes = outcomesOf(context.lookup);
    if (!outcomes.has("unknown") && !outcomes.has("none")) return [];
    if (context.lookup.addresses.length > 0 || outcomes.has("failed")) return [];
    return [
      found(nameUnknown, undefined, {
        ...caseOf(context),
        evidence: questionEvidence(context.lookup),
        confidence: "confirmed",
      }),
    ];
  },
};

function caseOf({ view, from, fromName, lookup }: LookupContext): Omit<Case, "evidence"> {
  const target = view.snapshot.intent.containers.find((container) => hasName(container, lookup.name));
  const [asker] = view.containersIn(from);
  const object = `name ${lookup.name}`;
  if (target === undefined) {
    return {
      object,
      title: `There is no name ${lookup.name}: the name server says that it does not exist.`,
      explanation: "No container has that name or alias, and no server outside knows it. It may be misspelt.",
      fix: byHand("Look at what is asked, and of whom.", ["ctr", "net", "dns", fromName, lookup.name]),
    };
  }
  const named = target.endpoints.filter(({ networkName }) => isUserDefined({ name: networkName }));
  const shared = named.find(({ networkId }) => asker?.endpoints.some((own) => own.networkId === networkId) ?? false);
  if (shared !== undefined && !target.running) {
    return {
      object,
      title: `${lookup.name} is the container ${target.name}, which does not run: its name is not known meanwhile.`,
      explanation: "A container's name is answered while it runs.",
      fix: byHand("Start it.", ["ctr", "start", target.name]),
    };
  }
  const [network] = named.map(({ networkName }) => networkName);
  return {
    object,
    title:
      shared === undefined
        ? `${fromName} does not know the name ${lookup.name}: it is on no network of its own together with ${target.name}.`
        : `${fromName} does not know the name ${lookup.name}, although it shares the network ${shared.networkName} with ${target.name}.`,
    explanation:
      "Containers know each other by name on networks that the user made, and only if both are on one. The default network has " +
      "no names.",
    fix:
      network === undefined
        ? byHand(
            "Make a network, and put both on it.",
            ["ctr", "net", "create", "shared"],
            ["ctr", "net", "connect", "shared", fromName],
            [...["ctr", "net", "connect", "shared", target.name]],
          )
        : byHand(`Put ${fromName} on the network ${network}.`, ["ctr", "net", "connect", network, fromName]),
  };
}

/**
 * That programs do not find it by its name although its address can be reached: the default network has no names, as in Docker.
 * @returns undefined where they share another network, and where a line of /etc/hosts has the name (--link)
 */
export function namelessNetwork(view: SnapshotView, from: Place, to: IntendedContainer): Finding | undefined {
  const [asker] = view.containersIn(from);
  const shared = to.endpoints.filter(({ networkId }) => asker?.endpoints.some((own) => own.networkId === networkId));
  const isNameless = shared.length > 0 && shared.every(({ networkName }) => !isUserDefined({ name: networkName }));
  const hosts = view.namespace(from)?.hosts ?? "";
  if (asker === undefined || asker.id === to.id || !isNameless || hosts.split(/\s+/).includes(to.name))
    return undefined;
  return found(nameUnknown, undefined, {
    severity: "note",
    object: `name ${to.name}`,
    title: `Programs in ${asker.name} do not find ${to.name} by its name: the default network has no names.`,
    explanation:
      "Its address can be reached, and a name is answered only on networks that the user made, as in Docker. A program that was told the " +
      "name says that it is unknown.",
    evidence: [{ source: `networks of both`, value: shared.map(({ networkName }) => networkName).join(", ") }],
    fix: byHand(
      "Make a network, and put both on it.",
      ["ctr", "net", "create", "shared"],
      ["ctr", "net", "connect", "shared", asker.name],
      ["ctr", "net", "connect", "shared", to.name],
    ),
  });
}

const hasName = ({ name, endpoints }: IntendedContainer, wanted: string): boolean =>
  name === wanted || endpoints.some(({ aliases, dnsNames }) => [...aliases, ...dnsNames].includes(wanted));
