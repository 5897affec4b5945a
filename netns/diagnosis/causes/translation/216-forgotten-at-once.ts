import { type Obstacle, obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, type FlowContext, HOST, type StateContext } from "../../types/index.ts";
import { placeOf } from "../facts.ts";
import { byHand } from "../fixes.ts";
import { type Case, found } from "../found.ts";

/** In seconds; see the kernel's networking/nf_conntrack-sysctl. */
const TIMEOUTS = {
  tcp: ["tcp_timeout_syn_sent", "tcp_timeout_syn_recv", "tcp_timeout_established"],
  udp: ["udp_timeout", "udp_timeout_stream"],
} as const;

export const forgottenAtOnce: Cause = {
  code: "CTRN216",
  severity: "error",
  heading: "The kernel forgets connections at once",

  inspect: (context) =>
    [...TIMEOUTS.tcp, ...TIMEOUTS.udp]
      .filter((name) => isZero(context, name))
      .map((name) => found(forgottenAtOnce, undefined, caseOf(name))),

  explain: (context) => {
    const name = zeroFor(context);
    if (name === undefined) return [];
    const obstacle = obstaclesOfKind(context, "answer-misrouted", "not-translated", "no-listener", "filter-drop").find(
      isOfAnswer,
    );
    return obstacle === undefined ? [] : [found(forgottenAtOnce, obstacle, caseOf(name))];
  },
};

const isOfAnswer = (obstacle: Obstacle): boolean => obstacle.direction === "back" && placeOf(obstacle) === HOST;

const keyOf = (name: string): string => `net.netfilter.nf_conntrack_${name}`;

const isZero = ({ view }: StateContext, name: string): boolean => view.host.sysctls[keyOf(name)] === "0";

function zeroFor(context: FlowContext): string | undefined {
  const { protocol } = context.flow;
  return protocol === "icmp" ? undefined : TIMEOUTS[protocol].find((name) => isZero(context, name));
}

function caseOf(name: string): Case {
  const key = keyOf(name);
  return {
    object: `sysctl ${key}`,
    title: `The host forgets connections at once (${key} is 0), so no answer finds the way back.`,
    explanation:
      "Addresses are translated by the kernel's table of connections. An entry that is gone before the answer comes leaves the answer to " +
      "the host itself, which knows nothing of it. Somebody has set the time too small.",
    evidence: [{ source: `sysctl ${key}`, value: "0", expected: USUAL[name] ?? "30" }],
    fix: byHand("Set it to what the kernel begins with.", ["sysctl", "-w", `${key}=${USUAL[name] ?? "30"}`]),
  };
}

/** What Linux begins with, in seconds. */
const USUAL: Readonly<Record<string, string>> = {
  tcp_timeout_syn_sent: "120",
  tcp_timeout_syn_recv: "60",
  tcp_timeout_established: "432000",
  udp_timeout: "30",
  udp_timeout_stream: "120",
};
