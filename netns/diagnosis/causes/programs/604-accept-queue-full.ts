import { obstaclesOf } from "../../obstacles.ts";
import { type Cause, type FlowContext, HOST, type SocketState, type StateContext } from "../../types/index.ts";
import { number, placeOf } from "../facts.ts";
import { byHand } from "../fixes.ts";
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
    return [found(acceptQueueFull, obstacle, caseOf(context, place, socket))];
  },
};

const isFull = ({ waiting, backlog }: SocketState): boolean => backlog > 0 && waiting > backlog;

const hasOverflowed = ({ observations, walk }: FlowContext): boolean =>
  observations?.counters.some(
    ({ name, place, change }) => /Listen(Overflows|Drops)$/.test(name) && place === walk.arrivesAt && change > 0,
  ) ?? false;

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
