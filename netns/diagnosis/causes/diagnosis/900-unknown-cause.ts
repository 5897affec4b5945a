import type { Obstacle } from "../../obstacles.ts";
import { type Cause, type Finding, type FlowContext, HOST, OUTSIDE } from "../../types/index.ts";
import { placeOf } from "../facts.ts";
import { found } from "../found.ts";
import { ruleText } from "../routing/policy-rules.ts";
import { translatedBefore } from "../translated.ts";

/** Told where no other cause claims the step at which a packet ends: the answer always names that step. */
export const unknownCause: Cause = {
  code: "CTRN900",
  severity: "error",
  heading: "The packet ends at a known step, of an unknown cause",
};

/** @param obstacle that no cause claims */
export function endsHere(context: FlowContext, obstacle: Obstacle): Finding {
  const place = placeOf(obstacle);
  const where = whereOf(context, place);
  const facts = Object.entries(obstacle.facts).filter(([, value]) => value !== undefined && value !== "");
  const rules = isOnRoute(obstacle) ? rulesOf(context, place) : [];
  return found(unknownCause, obstacle, {
    object: `${obstacle.text} ${where}`,
    title: `The packet ends ${where}: ${[obstacle.text, ...circumstances(context, obstacle)].join(", ")}.`,
    explanation:
      "The step is certain; why it is so is not among the causes that ctr knows. What was read there is below.",
    evidence: [
      ...facts.map(([key, value]) => ({ source: key, value: String(value) })),
      ...rules.map((value) => ({ source: "ip rule", value })),
    ],
  });
}

function whereOf({ view }: FlowContext, place: string): string {
  if (place === HOST) return "on the host";
  return place === OUTSIDE ? "beyond the host" : `in container ${view.nameOf(place)}`;
}

/** What of the way before has to do with it. */
function circumstances(context: FlowContext, obstacle: Obstacle): string[] {
  return translatedBefore(context, obstacle).map((table) => `after ${table} has led it there`);
}

/** Drop reasons of the kernel that name the part of it which decides. See include/net/dropreason-core.h. */
const REASONS: Readonly<Record<string, string>> = {
  XFRM_POLICY: "a policy of IPsec forbids it (ip xfrm policy)",
  BPF_CGROUP_EGRESS: "a BPF program of the sender's cgroup forbids it",
  SOCKET_FILTER:
    "a filter on the receiving program's socket, or a BPF program of its cgroup (as systemd's IPAddressDeny makes), drops it",
  TC_EGRESS: "a filter of tc drops it on its way out",
  TC_INGRESS: "a filter of tc drops it as it comes in",
  XDP: "an XDP program drops it",
  NETFILTER_DROP: "a packet filter drops it",
  IP_CSUM: "its checksum is wrong",
  IP_INHDR: "its header is malformed, or the checksum of it is wrong",
  TCP_CSUM: "its checksum is wrong",
  UDP_CSUM: "its checksum is wrong",
};

/** All that was read lets it pass, and still it dies: where it was seen last, and what the kernel said, can be told. */
export function vanishesBehind(context: FlowContext): Finding {
  const { devices = [], drops = [], counters = [] } = context.observations ?? {};
  const [last, drop] = [devices.at(-1), drops[0]];
  const seen = devices.filter(({ direction }) => direction === "there").slice(-3);
  const where = last === undefined ? "on its way" : `${placeText(context, last.place)}, behind link ${last.device}`;
  const reasons = [...new Set(drops.map(({ reason, location }) => `${reason} in ${location}`))];
  return found(unknownCause, undefined, {
    object: drop === undefined ? `the way of the packet ${where}` : `${drop.reason} in ${drop.location}, ${where}`,
    title:
      drop === undefined
        ? `Nothing that was read stands in the packet's way, and it gets no answer: ${lastSeen(context)}.`
        : `The kernel drops the packet ${where}: ${REASONS[drop.reason] ?? `its reason is ${drop.reason}`}.`,
    explanation:
      "Something decides here that ctr does not read: an eBPF program, hardware, or a machine beyond this host. What the kernel said of " +
      "the packet is below.",
    evidence: [
      ...seen.map(({ device, event }) => ({ source: "packet", value: `${event} on ${device}` })),
      ...reasons.map((value) => ({ source: "kernel", value })),
      ...counters.slice(0, 8).map(({ name, change }) => ({ source: "counter", value: `${name} +${change}` })),
    ],
    confidence: drop === undefined ? "possible" : "likely",
  });
}

function lastSeen(context: FlowContext): string {
  const last = context.observations?.devices.at(-1);
  if (last === undefined) return "it was seen nowhere";
  const what = last.direction === "back" ? "the answer" : "it";
  return `${what} was seen last on ${last.device} ${placeText(context, last.place)}`;
}

const placeText = ({ view }: FlowContext, place: string | undefined): string =>
  place === undefined || place === HOST ? "on the host" : `in ${view.nameOf(place)}`;

const isOnRoute = ({ kind }: Obstacle): boolean => /route|misrouted|unroutable/.test(kind);

const rulesOf = ({ view, flow }: FlowContext, place: string): string[] =>
  (view.namespace(place)?.rules ?? []).filter(({ family }) => family === flow.family).map(ruleText);
