import { type Cause, type FlowContext, HOST } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";

/** Reasons and counters that tell of memory: see tcp(7), tcp_mem. */
const REASONS: ReadonlySet<string> = new Set(["PROTO_MEM", "NOMEM", "SOCKET_BACKLOG", "TCP_MEMORY"]);
const COUNTERS = /TCPMemoryPressures|TCPAbortOnMemory|TCPRcvQDrop|TcpExt\.PruneCalled|MemErrors/;

export const noSocketMemory: Cause = {
  code: "CTRN610",
  severity: "error",
  heading: "The kernel has no memory left for connections",

  explain(context) {
    const signs = signsOf(context);
    if (signs.length === 0) return [];
    const { view, walk } = context;
    const place = walk.arrivesAt ?? HOST;
    const program = view.containersIn(place).flatMap(({ id }) => context.snapshot.programs[id] ?? [])[0];
    return [
      found(noSocketMemory, undefined, {
        object: place === HOST ? "sysctl net.ipv4.tcp_mem" : `memory of container ${view.nameOf(place)}`,
        title: `The kernel has no memory left for the data of connections${place === HOST ? "" : ` of ${view.nameOf(place)}`}.`,
        explanation:
          "Data on its way counts against the container's memory limit, and against a limit of the whole machine. At the limit " +
          "packets are dropped and connections stall.",
        evidence: [
          ...signs.map((value) => ({ source: "packet", value })),
          ...(program?.memoryLimit === undefined
            ? []
            : [
                {
                  source: `ctr limit show ${view.nameOf(place)}`,
                  value: `memory ${program.memory ?? 0} of ${program.memoryLimit} bytes`,
                },
              ]),
        ],
        confidence: "confirmed",
        fix:
          program?.memoryLimit === undefined
            ? byHand("Let TCP use more of the machine's memory.", ["sysctl", "net.ipv4.tcp_mem"])
            : byHand("Give the container more memory.", [
                "ctr",
                "limit",
                "set",
                view.nameOf(place),
                "--memory",
                String(program.memoryLimit * 2),
              ]),
      }),
    ];
  },
};

const signsOf = ({ observations }: FlowContext): string[] => [
  ...(observations?.drops ?? []).filter(({ reason }) => REASONS.has(reason)).map(({ reason }) => `kernel: ${reason}`),
  ...(observations?.counters ?? [])
    .filter(({ name, change }) => COUNTERS.test(name) && change > 0)
    .map(({ name, change, place }) => `${name} +${change} (in ${place})`),
];
