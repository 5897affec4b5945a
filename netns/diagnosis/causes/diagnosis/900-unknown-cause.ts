import type { Obstacle } from "../../obstacles.ts";
import { type Cause, type Finding, type FlowContext, HOST, OUTSIDE } from "../../types/index.ts";
import { placeOf } from "../facts.ts";
import { found } from "../found.ts";

/** Told where no other cause claims the step at which a packet ends: the answer always names that step. */
export const unknownCause: Cause = {
  code: "CTRN900",
  severity: "error",
  heading: "The packet ends at a known step, of an unknown cause",
};

/** @param obstacle that no cause claims */
export function endsHere({ view }: FlowContext, obstacle: Obstacle): Finding {
  const place = placeOf(obstacle);
  const name =
    place === HOST ? "on the host" : place === OUTSIDE ? "beyond the host" : `in container ${view.nameOf(place)}`;
  const facts = Object.entries(obstacle.facts).filter(([, value]) => value !== undefined && value !== "");
  return found(unknownCause, obstacle, {
    object: `${obstacle.text} ${name}`,
    title: `The packet ends ${name}: ${obstacle.text}.`,
    explanation:
      "The step is certain; why it is so is not among the causes that ctr knows. What was read there is below.",
    evidence: facts.map(([key, value]) => ({ source: key, value: String(value) })),
  });
}

/** All that was read lets it pass, and still it dies: where it was seen last is what can be said. */
export function vanishesBehind(context: FlowContext): Finding {
  const { observations, view } = context;
  const seen = observations?.devices.filter(({ direction }) => direction === "there") ?? [];
  const last = (observations?.devices ?? []).at(-1);
  const back = last?.direction === "back";
  const place = last?.place === undefined || last.place === HOST ? "on the host" : `in ${view.nameOf(last.place)}`;
  const drops = [...new Set(observations?.drops.map(({ reason, location }) => `${reason} at ${location}`) ?? [])];
  const where =
    last === undefined
      ? "It was seen nowhere"
      : `${back ? "The answer" : "It"} was seen last on ${last.device} ${place}`;
  return found(unknownCause, undefined, {
    object: last === undefined ? "the way of the packet" : `behind link ${last.device} ${place}`,
    title: `The packet gets no answer, although nothing that was read stands in its way. ${where}.`,
    explanation:
      "Something decides here that ctr does not read: an eBPF program, hardware, or a machine beyond this host. What the kernel said of " +
      "the packet is below.",
    evidence: [
      ...seen.slice(-3).map(({ device, event }) => ({ source: "packet", value: `${event} on ${device}` })),
      ...drops.map((value) => ({ source: "kernel", value })),
      ...(observations?.counters ?? [])
        .slice(0, 8)
        .map(({ name, change }) => ({ source: "counter", value: `${name} +${change}` })),
    ],
    confidence: "possible",
  });
}
