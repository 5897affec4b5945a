/** Programs at the ends: 601–609. */
import type { ChildProcess } from "node:child_process";
import type { Listener } from "../agent.ts";
import { type Fault, scripted } from "../fault.ts";
import type { PathKind } from "../paths.ts";
import { endAgent, type World } from "../world.ts";

const TO_SERVER = ["icc", "published", "hostToContainer", "crossPublished", "localhost"] as const;

/** Other listeners for as long as the fault lasts. */
function listeners(
  id: string,
  title: string,
  paths: readonly PathKind[],
  codes: readonly string[],
  change: (world: World) => readonly Listener[],
): Fault {
  return {
    ...{ id, title, paths },
    plan(world, { question }) {
      return {
        codes,
        names: [world.plan.server, String(question.protocol === "tcp" ? world.plan.ports.tcp : world.plan.ports.udp)],
        async inject() {
          await world.endListeners("server");
          const others = change(world);
          if (others.length > 0) await world.listen("server", others);
        },
        async undo() {
          await world.endListeners("server");
          await world.listenAsUsual();
        },
      };
    },
  };
}

const server = async (world: World): Promise<number> => {
  const pid = await world.listenersPid("server");
  if (pid === undefined) throw new Error("the server does not listen");
  return pid;
};

export const programFaults: readonly Fault[] = [
  listeners("601", "nobody listens", [...TO_SERVER, "iccUdp", "icc6", "publishedUdp"], ["CTRN601"], () => []),
  listeners("602", "the server listens on its loopback alone", [...TO_SERVER, "iccUdp"], ["CTRN602"], ({ plan }) => [
    { protocol: "tcp", address: "127.0.0.1", port: plan.ports.tcp },
    { protocol: "udp", address: "127.0.0.1", port: plan.ports.udp },
  ]),
  listeners(
    "602",
    "the server listens on the loopback of IPv6 alone",
    ["icc6", "published6"],
    ["CTRN602"],
    ({ plan }) => [{ protocol: "tcp", address: "::1", port: plan.ports.tcp }],
  ),
  listeners("602", "the server listens by IPv4 alone", ["icc6", "published6"], ["CTRN602", "CTRN601"], ({ plan }) => [
    { protocol: "tcp", address: "0.0.0.0", port: plan.ports.tcp },
  ]),
  listeners(
    "601",
    "the server listens on another port",
    ["icc", "hostToContainer"],
    ["CTRN601", "CTRN603"],
    ({ plan }) => [{ protocol: "tcp", address: "::", port: plan.ports.tcp + 2 }],
  ),
  listeners("601", "the server has the port for UDP alone", ["icc"], ["CTRN601", "CTRN603"], ({ plan }) => [
    { protocol: "udp", address: "::", port: plan.ports.tcp },
  ]),
  scripted(
    "603",
    "published to a port that nobody listens on",
    ["publishedWrong"],
    ({ world, server: { name } }) => ({
      codes: ["CTRN603"],
      names: [String(world.plan.ports.tcp + 1), name],
      inject: [],
      undo: [],
    }),
    { effect: "closed" },
  ),
  queue(),
  {
    ...{ id: "605", title: "the server has no file descriptor left", paths: TO_SERVER },
    plan: (world) => {
      let limit = "";
      return {
        codes: ["CTRN605"],
        names: [world.plan.server],
        async inject() {
          const pid = await server(world);
          limit = await world.shell(
            "host",
            `prlimit --pid ${pid} --nofile --noheadings --output SOFT,HARD | tr -s ' ' : | sed 's/^://'`,
          );
          const open = await world.shell("host", `ls /proc/${pid}/fd | wc -l`);
          await world.shell("host", `prlimit --pid ${pid} --nofile=${open}:${limit.split(":")[1] ?? ""}`);
        },
        async undo() {
          await world.shell("host", `prlimit --pid ${await server(world)} --nofile=${limit}`);
        },
      };
    },
  },
  {
    ...{ id: "606", title: "the server is stopped by a signal", paths: [...TO_SERVER, "iccUdp"] },
    plan: (world) => ({
      codes: ["CTRN606"],
      names: [world.plan.server],
      inject: async () => void (await world.shell("host", `kill -STOP ${await server(world)}`)),
      undo: async () => void (await world.shell("host", `kill -CONT ${await server(world)}`)),
    }),
  },
  {
    ...{ id: "606", title: "the server is paused", paths: [...TO_SERVER, "iccUdp"] },
    plan: (world) => ({
      codes: ["CTRN606"],
      names: [world.plan.server],
      inject: () => world.pause("server", true),
      undo: () => world.pause("server", false),
    }),
  },
  ports(),
  scripted(
    "609",
    "the server's cable is throttled to nothing",
    ["icc", "published", "hostToContainer"],
    ({ server: { cable } }) => ({
      codes: ["CTRN609"],
      names: [cable],
      inject: [["host", `tc qdisc replace dev ${cable} root tbf rate 8bit burst 10 limit 1`]],
      undo: [["host", `tc qdisc del dev ${cable} root`]],
    }),
  ),
  scripted("609", "the client's interface is throttled to nothing", ["egress", "icc"], ({ client }) => ({
    codes: ["CTRN609"],
    names: ["eth0", client.name],
    inject: [["client", "tc qdisc replace dev eth0 root tbf rate 8bit burst 10 limit 1"]],
    undo: [["client", "tc qdisc del dev eth0 root"]],
  })),
];

/** The server takes no connection, and as many wait as it lets. */
function queue(): Fault {
  let waiting: ChildProcess | undefined;
  return {
    ...{ id: "604", title: "the server's queue is full", paths: ["icc", "published", "hostToContainer"] },
    plan: (world) => {
      const { tcp } = world.plan.ports;
      return {
        codes: ["CTRN604"],
        names: [world.plan.server, String(tcp)],
        async inject() {
          await world.endListeners("server");
          await world.listen("server", [{ protocol: "tcp", address: "::", port: tcp, backlog: 2, deaf: true }]);
          waiting = await world.spawnAgent("third", "hold", world.member("server").address4, String(tcp), "6", "300");
        },
        async undo() {
          if (waiting !== undefined) await endAgent(waiting);
          waiting = undefined;
          await world.endListeners("server");
          await world.listenAsUsual();
        },
      };
    },
  };
}

/** The client has two ports to send from, and both are taken. */
function ports(): Fault {
  let holder: ChildProcess | undefined;
  return {
    ...{ id: "607", title: "the client has no port left to send from", paths: ["icc", "egress"] },
    plan: (world, { question }) => {
      let usual = "";
      const key = "net.ipv4.ip_local_port_range";
      return {
        codes: ["CTRN607"],
        names: [world.plan.client],
        async inject() {
          usual = await world.shell("client", `sysctl -n ${key}`);
          await world.shell("client", `sysctl -qw ${key}="40000 40001"`);
          holder = await world.spawnAgent("client", "hold", question.address, String(question.port), "2");
        },
        async undo() {
          if (holder !== undefined) await endAgent(holder);
          holder = undefined;
          await world.shell("client", `sysctl -qw ${key}="${usual}"`);
        },
      };
    },
  };
}
