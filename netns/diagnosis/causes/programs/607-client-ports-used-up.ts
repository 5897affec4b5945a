import { runningContainers } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import { type Attempt, type Cause, HOST, type NamespaceState, type StateContext } from "../../types/index.ts";
import { placeOf } from "../facts.ts";
import { byHand, inPlace } from "../fixes.ts";
import { type Case, found } from "../found.ts";

const KEY = "net.ipv4.ip_local_port_range";
/** A range that small is a mistake. */
const FEW = 64;

export const clientPortsUsedUp: Cause = {
  code: "CTRN607",
  severity: "error",
  heading: "The client has no port left to send from",

  inspect: (context) =>
    runningContainers(context.view)
      .filter(({ namespace }) => sizeOf(namespace) < FEW)
      .map(({ namespace }) =>
        found(clientPortsUsedUp, undefined, { ...caseOf(context, namespace.key), severity: "warning" }),
      ),

  explain(context) {
    const { observations, flow } = context;
    const [obstacle] = obstaclesOfKind(context, "no-port-free").filter(
      (one) => placeOf(one) !== HOST || flow.from === HOST,
    );
    const isSeen = observations?.attempts.some(hasNoPort) === true;
    if (obstacle === undefined && !isSeen) return [];
    return [
      found(clientPortsUsedUp, obstacle, {
        ...caseOf(context, flow.from),
        confidence: isSeen ? "confirmed" : "likely",
      }),
    ];
  },
};

/** TCP says the one, UDP the other: inet_hash_connect, udp_lib_get_port. */
const hasNoPort = ({ errno }: Attempt): boolean => errno === "EADDRNOTAVAIL" || errno === "EAGAIN";

function sizeOf({ sysctls }: NamespaceState): number {
  const [first = Number.NaN, last = Number.NaN] = (sysctls[KEY] ?? "").trim().split(/\s+/).map(Number);
  return Number.isFinite(first) && Number.isFinite(last) ? last - first + 1 : Number.POSITIVE_INFINITY;
}

function caseOf({ view }: StateContext, place: string): Case {
  const name = place === HOST ? "the host" : `container ${view.nameOf(place)}`;
  const value = view.namespace(place)?.sysctls[KEY]?.replace(/\s+/, " ") ?? "not read";
  return {
    object: `sysctl ${KEY} of ${view.nameOf(place)}`,
    title: `Programs in ${name} have no port left to open another connection from.`,
    explanation:
      "Each connection to one server needs a port of its own on the client's side, for up to a minute after its end too. Either the " +
      "range is too small, or a program opens very many connections and does not use them again.",
    evidence: [{ source: `sysctl ${KEY} (in ${view.nameOf(place)})`, value, expected: "32768 60999" }],
    fix: byHand("Widen the range.", inPlace(place, view.nameOf(place), ["sysctl", "-w", `${KEY}=32768 60999`])),
  };
}
