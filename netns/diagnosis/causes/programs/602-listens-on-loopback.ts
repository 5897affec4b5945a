import { isLoopback } from "../../../ports/host-address.ts";
import { publishedPorts } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, HOST } from "../../types/index.ts";
import { number, placeOf, text } from "../facts.ts";
import { byHand } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { portsOfNumber } from "../translation/published.ts";
import { listenersOf, listenerText } from "./listeners.ts";

export const listensOnLoopback: Cause = {
  code: "CTRN602",
  severity: "error",
  heading: "The program listens for its own container only",

  inspect: ({ snapshot, view }) => {
    const findings = publishedPorts(snapshot).flatMap(({ container, port, redirected }) => {
      const namespace = container.namespace === undefined ? undefined : view.namespace(container.namespace);
      if (namespace === undefined || redirected === undefined) return [];
      const listeners = listenersOf(namespace, port.protocol).filter((socket) => socket.port === port.containerPort);
      const [first] = listeners;
      if (first === undefined || !listeners.every(({ address }) => isLoopback(address))) return [];
      const who = listenerText(first);
      return found(listensOnLoopback, undefined, {
        ...caseOf(`container ${container.name}`, port.containerPort, first.address, who),
        severity: "warning",
      });
    });
    return [...new Map(findings.map((finding) => [finding.object, finding])).values()];
  },

  explain: (context) =>
    obstaclesOfKind(context, "listener-elsewhere").flatMap((obstacle) => {
      const place = placeOf(obstacle);
      // A port that is published on another address of the host, or carried by a proxy there.
      if (place === HOST && portsOfNumber(context).length > 0) return [];
      const port = number(obstacle, "port") ?? context.flow.destinationPort;
      const bound = text(obstacle, "boundTo") || "127.0.0.1";
      const socket = context.view.namespace(place)?.sockets.find((one) => one.port === port && one.address === bound);
      const name = place === HOST ? "the host" : `container ${context.view.nameOf(place)}`;
      const who =
        socket === undefined
          ? `${text(obstacle, "process") || "the program"} on ${bound}:${port}`
          : listenerText(socket);
      return found(listensOnLoopback, obstacle, caseOf(name, port, bound, who));
    }),
};

function caseOf(place: string, port: number, bound: string, who: string): Case {
  if (bound === "::") return caseOfOneFamily(place, port, who, 6);
  if (bound === "0.0.0.0") return caseOfOneFamily(place, port, who, 4);
  const isOwn = isLoopback(bound);
  return {
    object: `${place}, port ${port}`,
    title: `The network is fine: the program in ${place} listens on ${bound}:${port}, ${isOwn ? "where only programs beside it reach it" : "which is another address than the one asked for"}.`,
    explanation: isOwn
      ? "127.0.0.1 and ::1 mean “this container itself”. Many programs listen there unless they are told otherwise."
      : "The packet arrives at an address that the program does not listen on.",
    evidence: [{ source: `ss -lntp (in ${place})`, value: who, expected: `0.0.0.0:${port} or [::]:${port}` }],
    fix: byHand(
      "Let the program listen on all addresses: 0.0.0.0 (nginx: listen 80; Node: host 0.0.0.0; Redis: bind 0.0.0.0).",
    ),
  };
}

/** A socket of IPv6 takes IPv4 as well, unless the program or the kernel's setting says otherwise: see ipv6(7). */
function caseOfOneFamily(place: string, port: number, who: string, family: 4 | 6): Case {
  const other = family === 6 ? 4 : 6;
  return {
    object: `${place}, port ${port}`,
    title: `The network is fine: the program in ${place} listens on port ${port} by IPv${family} alone, and was asked by IPv${other}.`,
    explanation:
      family === 6
        ? "It listens on all addresses of IPv6, and has refused to take connections of IPv4 along with them (IPV6_V6ONLY)."
        : "It listens on all addresses of IPv4. Clients that find an IPv6 address of the name try that first.",
    evidence: [
      {
        source: `ss -lntpe (in ${place})`,
        value: family === 6 ? `${who}, v6only` : who,
        expected: family === 6 ? `0.0.0.0:${port} as well` : `[::]:${port} as well`,
      },
    ],
    fix: byHand(
      `Let the program listen on ${family === 6 ? "0.0.0.0" : "[::]"} as well (nginx: listen 80 beside listen [::]:80), or use its IPv${family} address.`,
    ),
  };
}
