import { runningContainers } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import { type Attempt, type Cause, HOST, type NamespaceState, type StateContext } from "../../types/index.ts";
import { placeOf } from "../facts.ts";
import { byHand, inPlace } from "../fixes.ts";
import { type Case, found } from "../found.ts";

const KEY = "net.ipv4.ip_local_port_range";
const RESERVED = "net.ipv4.ip_local_reserved_ports";
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

const sizeOf = ({ sysctls }: NamespaceState): number => freePorts(sysctls[KEY] ?? "", sysctls[RESERVED] ?? "");

/** @param range `32768 60999` @param reserved `8080,9000-9100`, see ip-sysctl */
function freePorts(range: string, reserved: string): number {
  const [first = Number.NaN, last = Number.NaN] = range.trim().split(/\s+/).map(Number);
  if (!Number.isFinite(first) || !Number.isFinite(last)) return Number.POSITIVE_INFINITY;
  const taken = reserved.split(",").flatMap((part) => {
    const [low = Number.NaN, high = low] = part
      .trim()
      .split("-")
      .map((one) => (one === "" ? Number.NaN : Number(one)));
    return Number.isFinite(low) ? [Math.max(0, Math.min(high, last) - Math.max(low, first) + 1)] : [];
  });
  return last - first + 1 - taken.reduce((sum, count) => sum + count, 0);
}

function caseOf({ view }: StateContext, place: string): Case {
  const name = place === HOST ? "the host" : `container ${view.nameOf(place)}`;
  const sysctls = view.namespace(place)?.sysctls;
  const value = sysctls?.[KEY]?.replace(/\s+/, " ") ?? "not read";
  const reserved = sysctls?.[RESERVED]?.trim() ?? "";
  if (reserved !== "" && freePorts(value, reserved) < FEW) {
    return {
      object: `sysctl ${RESERVED} of ${view.nameOf(place)}`,
      title: `Programs in ${name} have no port left to send from: nearly all are reserved.`,
      explanation:
        "Each connection needs a port of its own on the client's side. The kernel gives none away that is set aside for programs " +
        "which ask for it by number, and here that is nearly all of them.",
      evidence: [
        { source: `sysctl ${RESERVED} (in ${view.nameOf(place)})`, value: reserved, expected: "a few ports, or none" },
        { source: `sysctl ${KEY} (in ${view.nameOf(place)})`, value },
      ],
      fix: byHand("Reserve fewer.", inPlace(place, view.nameOf(place), ["sysctl", "-w", `${RESERVED}=`])),
    };
  }
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
