import { isLoopback } from "../../../ports/host-address.ts";
import { runningContainers } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, HOST, type IntendedContainer } from "../../types/index.ts";
import { placeOf } from "../facts.ts";
import { byHand } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { answersNames, DNS_PORT, ownServers, SANDBOX_SERVER } from "./resolv.ts";

export const loopbackNameServer: Cause = {
  code: "CTRN501",
  severity: "error",
  heading: "The container asks itself for names",

  inspect: ({ view }) =>
    runningContainers(view).flatMap(({ container, namespace }) => {
      const dead = ownServers(namespace).filter((server) => !answersNames(namespace, server));
      const [server] = dead;
      return server === undefined ? [] : found(loopbackNameServer, undefined, caseOf(container, server));
    }),

  explain: (context) =>
    obstaclesOfKind(context, "no-listener", "listener-elsewhere").flatMap((obstacle) => {
      const { flow, view } = context;
      const [place, server] = [placeOf(obstacle), flow.destination];
      const [container] = view.containersIn(place);
      const isOwn = flow.destinationPort === DNS_PORT && isLoopback(server) && server !== SANDBOX_SERVER;
      if (!isOwn || place === HOST || container === undefined) return [];
      return found(loopbackNameServer, obstacle, caseOf(container, server));
    }),
};

function caseOf({ name }: IntendedContainer, server: string): Case {
  return {
    object: `/etc/resolv.conf of container ${name}`,
    title: `The container ${name} asks ${server} for names, which is the container itself, and nobody answers there.`,
    explanation:
      "Addresses that begin with 127. mean the machine itself, and inside a container that is the container. The line was " +
      "copied from a host with a name server of its own (systemd-resolved, dnsmasq), or written by a program.",
    evidence: [
      {
        source: `/etc/resolv.conf (in ${name})`,
        value: `nameserver ${server}`,
        expected: `${SANDBOX_SERVER}, or a server outside`,
      },
    ],
    fix: byHand("Name a server that can be reached: make the container with --dns, or put its address into the file.", [
      "ctr",
      "exec",
      name,
      "cat",
      "/etc/resolv.conf",
    ]),
  };
}
