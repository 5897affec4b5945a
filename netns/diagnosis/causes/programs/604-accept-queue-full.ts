import { obstaclesOf } from "../../obstacles.ts";
import { type Cause, type FlowContext, HOST, type SocketState, type StateContext } from "../../types/index.ts";
import { number, placeOf } from "../facts.ts";
import { byHand, inPlace } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { listenersOf, listenerText } from "./listeners.ts";

/** One more than the backlog is let in, see listen(2). */
export const acceptQueueFull: Cause = {
  code: "CTRN604",
  severity: "error",
  heading: "The program does not take its connections",

  inspect: (context) =>
    context.snapshot.namespaces.flatMap(({ key, ...rest }) =>
      key === HOST
        ? []
        : listenersOf({ key, ...rest }, "tcp")
            .filter(isFull)
            .map((socket) => found(acceptQueueFull, undefined, caseOf(context, key, socket))),
    ),

  explain: (context) => {
    const obstacle = obstaclesOf(context).find(({ kind }) => kind === "queue-full");
    const { flow, view } = context;
    const place = obstacle === undefined ? (context.walk.arrivesAt ?? "") : placeOf(obstacle);
    const port =
      (obstacle && number(obstacle, "port")) ??
      obstacle?.packet?.destinationPort ??
      context.walk.there.at(-1)?.packet.destinationPort ??
      flow.destinationPort;
    const namespace = view.namespace(place);
    const socket = namespace && listenersOf(namespace, "tcp").find((one) => one.port === port);
    if (socket === undefined || (obstacle === undefined && !hasOverflowed(context))) return [];
    const isHalfOpen = obstacle === undefined && socket.waiting < socket.backlog;
    const details = isHalfOpen ? caseOfHalfOpen(context, place, socket) : caseOf(context, place, socket);
    return [found(acceptQueueFull, obstacle, details)];
  },
};

const isFull = ({ waiting, backlog }: SocketState): boolean => backlog > 0 && waiting > backlog;

const hasOverflowed = ({ observations, walk }: FlowContext): boolean =>
  observations?.counters.some(
    ({ name, place, change }) => /Listen(Overflows|Drops)$/.test(name) && place === walk.arrivesAt && change > 0,
  ) ?? false;

/** The program takes what is complete, and new connections are dropped all the same: others were begun and not gone on with. */
function caseOfHalfOpen({ view, observations }: FlowContext, place: string, socket: SocketState): Case {
  const name = place === HOST ? "the host" : `container ${view.nameOf(place)}`;
  const key = "net.ipv4.tcp_syncookies";
  const cookies = view.namespace(place)?.sysctls[key];
  const dropped = observations?.counters.find(
    (one) => one.place === place && /Listen(Overflows|Drops)$/.test(one.name),
  );
  return {
    object: `${name}, port ${socket.port}`,
    title: `The network is fine: ${name} keeps no more than ${socket.backlog} connections to port ${socket.port} that are not complete yet, and has them.`,
    explanation:
      "Somebody has begun connections and does not go on with them: an attack (SYN flood), or clients whose way back is broken. New ones " +
      "are dropped without a word until those are given up. With SYN cookies the kernel needs no room for them.",
    evidence: [
      {
        source: `ss -lnt 'sport = :${socket.port}' (in ${view.nameOf(place)})`,
        value: `Send-Q ${socket.backlog}: ${listenerText(socket)}`,
      },
      ...(cookies === undefined
        ? []
        : [{ source: `sysctl ${key} (in ${view.nameOf(place)})`, value: cookies, expected: "1" }]),
      ...(dropped === undefined ? [] : [{ source: "counter", value: `${dropped.name} +${dropped.change}` }]),
    ],
    fix: byHand(
      "Find out who begins them; let the kernel answer with SYN cookies, and the program ask for a longer queue.",
      inPlace(place, view.nameOf(place), ["ss", "-tn", "state", "syn-recv"]),
      inPlace(place, view.nameOf(place), ["sysctl", "-w", `${key}=1`]),
    ),
  };
}

function caseOf({ view }: StateContext, place: string, socket: SocketState): Case {
  const name = place === HOST ? "the host" : `container ${view.nameOf(place)}`;
  return {
    object: `${name}, port ${socket.port}`,
    title: `The network is fine: ${socket.waiting} connections wait for the program in ${name}, which takes none of them.`,
    explanation:
      "The kernel accepts connections for a program until its queue is full, and then drops new ones without a word. The program is " +
      "overloaded, hangs, or waits for something else.",
    evidence: [
      {
        source: `ss -lnt 'sport = :${socket.port}' (in ${view.nameOf(place)})`,
        value: `Recv-Q ${socket.waiting}, Send-Q ${socket.backlog}: ${listenerText(socket)}`,
        expected: "Recv-Q 0",
      },
    ],
    fix: byHand(
      "Look at what the program does; give it more workers, or restart it.",
      ...(place === HOST ? [] : [["ctr", "logs", "--tail", "20", view.nameOf(place)]]),
    ),
  };
}
