import { isUserDefined } from "../../../endpoints.ts";
import { isLoopback } from "../../../ports/host-address.ts";
import { runningContainers } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import { rulesetOf } from "../../ruleset.ts";
import {
  type Cause,
  type IntendedContainer,
  type NamespaceState,
  OUTSIDE,
  type StateContext,
} from "../../types/index.ts";
import { placeOf } from "../facts.ts";
import { byHand, repaired } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { DNS_PORT, resolvOf, SANDBOX_SERVER } from "./resolv.ts";

export const noNameServer: Cause = {
  code: "CTRN503",
  severity: "error",
  heading: "Nobody answers names where the container asks",

  inspect: (context) =>
    runningContainers(context.view).flatMap(({ container, namespace }) => {
      const missing = missingPart(context, container, namespace);
      return missing === undefined ? [] : found(noNameServer, undefined, caseOfOurs(container, missing));
    }),

  explain: (context) =>
    obstaclesOfKind(context, "no-listener", "listener-elsewhere").flatMap((obstacle) => {
      const { flow, view } = context;
      const server = flow.destination;
      if (flow.destinationPort !== DNS_PORT || flow.to === OUTSIDE) return [];
      if (server !== SANDBOX_SERVER)
        return isLoopback(server)
          ? []
          : found(noNameServer, obstacle, caseOfOther(server, view.nameOf(placeOf(obstacle))));
      const [container] = view.containersIn(placeOf(obstacle));
      const namespace = view.namespace(placeOf(obstacle));
      if (container === undefined || namespace === undefined) return [];
      const part = missingPart(context, container, namespace) ?? "a program that answers";
      return found(noNameServer, obstacle, caseOfOurs(container, part));
    }),
};

/** What the name server of a sandbox is made of: a socket of ctr-dataplane's, and rules that lead port 53 to it. */
function missingPart(
  { snapshot }: StateContext,
  container: IntendedContainer,
  namespace: NamespaceState,
): string | undefined {
  const isServed = container.endpoints.some(({ networkName }) => isUserDefined({ name: networkName }));
  if (!isServed || !resolvOf(namespace).servers.includes(SANDBOX_SERVER)) return undefined;
  if (snapshot.notRead.some(({ what }) => what.includes("sockets"))) return undefined;
  if (!namespace.sockets.some(({ protocol, address }) => protocol === "udp" && address === SANDBOX_SERVER))
    return "a socket of ctr-dataplane";
  const ruleset = rulesetOf(namespace);
  const isRedirected =
    ruleset === undefined || ruleset.chains.some(({ table, rules }) => table === "ctr-names" && rules.length > 0);
  return isRedirected ? undefined : "the rules of table ip ctr-names";
}

function caseOfOurs({ name }: IntendedContainer, missing: string): Case {
  return {
    object: `name server of container ${name}`,
    title: `The name server that ctr gives the container ${name} is away: it gets no names answered.`,
    explanation:
      "Names inside containers are answered by ctr's companion process, ctr-dataplane. It has ended, or a program in the " +
      "container has flushed the rules that lead there.",
    evidence: [
      { source: `${SANDBOX_SERVER} port ${DNS_PORT} (in ${name})`, value: `lacks ${missing}`, expected: "answers" },
    ],
    fix: repaired("Starts the companion process and sets the container's name server up again."),
  };
}

function caseOfOther(server: string, place: string): Case {
  return {
    object: `name server ${server}`,
    title: `Nobody answers names at ${server}: no program listens there on port ${DNS_PORT}.`,
    explanation: `The packets arrive at ${place}, and are refused. The name server does not run, or the address in resolv.conf is another machine's.`,
    evidence: [{ source: `ss -lun (in ${place})`, value: `nothing on port ${DNS_PORT}`, expected: "a name server" }],
    fix: byHand("Start the name server, or name another one with --dns."),
  };
}
