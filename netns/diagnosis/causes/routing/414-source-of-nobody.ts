import { obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, type FlowContext, HOST, OUTSIDE } from "../../types/index.ts";
import { text } from "../facts.ts";
import { byHand, inPlace } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { routeText } from "./policy-rules.ts";

export const sourceOfNobody: Cause = {
  code: "CTRN414",
  severity: "error",
  heading: "Packets carry a sender's address that does not lead back",

  explain: (context) =>
    obstaclesOfKind(context, "translated-astray", "answer-misrouted", "reverse-path").flatMap((obstacle) => {
      const bare = text(obstacle, "bare");
      if (bare !== "") return [found(sourceOfNobody, obstacle, caseOfBare(context, bare, text(obstacle, "address")))];
      const address = text(obstacle, "address") || (context.walk.there.at(-1)?.packet.source ?? "");
      const details = caseOf(context, address);
      const isAboutIt = obstacle.kind !== "translated-astray" || text(obstacle, "side") === "source";
      return isAboutIt && details !== undefined ? [found(sourceOfNobody, obstacle, details)] : [];
    }),
};

/** Masquerading takes an address of the link; of one that has none the kernel takes any other. */
const caseOfBare = ({ flow }: FlowContext, link: string, address: string): Case => ({
  object: `link ${link}`,
  title: `The host's link ${link} has no IPv${flow.family} address, so packets leave with ${address}, to which no answer finds its way.`,
  explanation:
    "What leaves by the link is to carry its address. There is none, and the kernel has taken that of another link, which nobody outside " +
    "knows. The link has lost its address, or was never given one.",
  evidence: [
    { source: `ip -${flow.family} address show dev ${link}`, value: "no address", expected: "an address of the host" },
  ],
  fix: byHand("Give the link its address back: ctr does not make the host's own.", [
    "ip",
    "address",
    "show",
    "dev",
    link,
  ]),
});

/** @returns undefined for an address that the host has, and for one that ctr gave */
function caseOf({ view, flow, walk }: FlowContext, address: string): Case | undefined {
  const isKnown = view.holdersOf(address).some(({ namespace }) => namespace.key === HOST);
  if (flow.from === OUTSIDE || address === "" || isKnown || view.networkOfAddress(address) !== undefined)
    return undefined;
  const name = view.nameOf(flow.from);
  const route = view.namespace(flow.from)?.routes.find(({ preferredSource }) => preferredSource === address);
  const isSentSo = walk.there[0]?.packet.source === address;
  return {
    object: `source address ${address}`,
    title: `${isSentSo ? `${name} sends with the address ${address}` : `The packet leaves with the address ${address}`}, to which no answer finds its way.`,
    explanation:
      `No link of this host has ${address}, and ctr does not know it: nothing replaces it, and what is sent to it does not come here unless other machines ` +
      `are told to send it. ${route === undefined ? "It was set by a rule, or by the program that sends." : `The route “${routeText(route)}” of ${name} says to use it.`}`,
    evidence: [
      { source: `ip address show to ${address}`, value: "no link of the host", expected: "an address of the host" },
      ...(route === undefined
        ? []
        : [{ source: `ip route (in ${name})`, value: `${routeText(route)} src ${address}` }]),
    ],
    fix: byHand(
      "Send with the address that ctr gave.",
      ...(route === undefined || flow.from === HOST
        ? []
        : [inPlace(flow.from, name, ["ip", "route", "replace", ...routeText(route).split(" ")])]),
    ),
  };
}
