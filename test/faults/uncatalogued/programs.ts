/** Programs that are there, and do not answer as their clients ask. */
import type { ChildProcess } from "node:child_process";
import type { Fault } from "../fault.ts";
import type { PathKind } from "../paths.ts";
import { endAgent, type World } from "../world.ts";

const TO_SERVER = ["icc", "published", "hostToContainer"] as const;

/** One of the server's loopback interface. */
const OTHER_ADDRESS = "192.0.2.9";

/** Another program in place of the server's own. */
function program(
  id: string,
  title: string,
  paths: readonly PathKind[],
  names: (world: World) => readonly string[],
  start: (world: World) => Promise<ChildProcess>,
): Fault {
  let child: ChildProcess | undefined;
  return {
    ...{ id: `x-${id}`, title, paths },
    plan: (world) => ({
      codes: [],
      names: names(world),
      async inject() {
        await world.endListeners("server");
        child = await start(world);
      },
      async undo() {
        if (child !== undefined) await endAgent(child);
        child = undefined;
        await world.run("server", ["ip", "addr", "del", `${OTHER_ADDRESS}/32`, "dev", "lo"]);
        await world.listenAsUsual();
      },
    }),
  };
}

const perl = (world: World, script: string): Promise<ChildProcess> =>
  world.spawn("server", ["perl", "-e", `use Socket qw(:DEFAULT IPPROTO_IPV6 IPV6_V6ONLY); $| = 1; ${script}`]);

export const programStates: readonly Fault[] = [
  program(
    "v6-only",
    "the server listens by IPv6 alone, on all addresses",
    TO_SERVER,
    ({ plan }) => [plan.server, String(plan.ports.tcp), "IPv6"],
    (world) =>
      perl(
        world,
        `socket(S, PF_INET6, SOCK_STREAM, 0); setsockopt(S, SOL_SOCKET, SO_REUSEADDR, 1); setsockopt(S, IPPROTO_IPV6, IPV6_V6ONLY, 1) or die $!; bind(S, Socket::pack_sockaddr_in6(${world.plan.ports.tcp}, Socket::IN6ADDR_ANY)) or die $!; listen(S, 9); print "ready\\n"; sleep 3600;`,
      ),
  ),
  program(
    "other-address",
    "the server listens on an address that its clients do not ask",
    TO_SERVER,
    ({ plan }) => [plan.server, OTHER_ADDRESS],
    (world) =>
      perl(
        world,
        `system("ip addr replace ${OTHER_ADDRESS}/32 dev lo"); socket(S, PF_INET, SOCK_STREAM, 0); setsockopt(S, SOL_SOCKET, SO_REUSEADDR, 1); bind(S, sockaddr_in(${world.plan.ports.tcp}, inet_aton("${OTHER_ADDRESS}"))) or die $!; listen(S, 9); print "ready\\n"; sleep 3600;`,
      ),
  ),
  program(
    "udp-connected",
    "the server's socket takes datagrams of somebody else alone",
    ["iccUdp", "publishedUdp"],
    ({ plan }) => [plan.server, String(plan.ports.udp)],
    (world) =>
      perl(
        world,
        `socket(S, PF_INET, SOCK_DGRAM, 0); bind(S, sockaddr_in(${world.plan.ports.udp}, INADDR_ANY)) or die $!; connect(S, sockaddr_in(9, inet_aton("${world.member("third").address4}"))) or die $!; print "ready\\n"; sleep 3600;`,
      ),
  ),
  program(
    "no-accept",
    "the server takes no connection",
    // From outside nothing can be sent, and the state alone does not show it.
    ["icc", "hostToContainer"],
    ({ plan }) => [plan.server, String(plan.ports.tcp), "perl"],
    (world) =>
      perl(
        world,
        `socket(S, PF_INET, SOCK_STREAM, 0); setsockopt(S, SOL_SOCKET, SO_REUSEADDR, 1); bind(S, sockaddr_in(${world.plan.ports.tcp}, INADDR_ANY)) or die $!; listen(S, 99); print "ready\\n"; sleep 3600;`,
      ),
  ),
  elsewhere(),
];

/** The program runs in another container than the one that is asked. */
function elsewhere(): Fault {
  return {
    ...{ id: "x-elsewhere", title: "the program listens in another container", paths: ["icc", "hostToContainer"] },
    plan: (world) => ({
      codes: [],
      names: [world.plan.server, world.plan.third],
      async inject() {
        await world.endListeners("server");
        await world.listen("third", [{ protocol: "tcp", address: "::", port: world.plan.ports.tcp }]);
      },
      async undo() {
        await world.endListeners("third");
        await world.listenAsUsual();
      },
    }),
  };
}
