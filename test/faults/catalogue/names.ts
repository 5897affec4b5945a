/** Names: 413, 501–508. */
import type { Zone } from "../agent.ts";
import { type Fault, foreignTable, scripted } from "../fault.ts";
import type { World } from "../world.ts";

const TO_NAMES = ["egressName", "iccName"] as const;

/** Writes a container's resolv.conf for as long as the fault lasts. */
function resolvConf(
  id: string,
  title: string,
  codes: readonly string[],
  names: readonly string[],
  text: string,
): Fault {
  return {
    ...{ id, title, paths: TO_NAMES },
    plan(world) {
      let before = "";
      return {
        ...{ codes, names: [...names, world.plan.client] },
        async inject() {
          before = await world.inside("client", "cat /etc/resolv.conf");
          await world.inside("client", `printf '${text}' > /etc/resolv.conf`);
        },
        async undo() {
          await world.inside("client", `cat > /etc/resolv.conf <<'END'\n${before}\nEND`);
        },
      };
    },
  };
}

/** Changes what the outside's name server does. */
function mood(id: string, title: string, codes: readonly string[], zone: Partial<Zone>): Fault {
  return {
    ...{ id, title, paths: ["egressName"] },
    plan(world) {
      return {
        codes,
        names: [world.plan.gateway4],
        inject: async () => world.setZone(zone),
        undo: async () => world.setZone(),
      };
    },
  };
}

const dataPlane =
  (signal: NodeJS.Signals) =>
  async (world: World): Promise<void> => {
    world.signalDataPlane(signal);
  };

export const nameFaults: readonly Fault[] = [
  scripted(
    "413",
    "the name has an address of IPv6 alone, the container none",
    ["only6"],
    ({ world }) => ({
      codes: ["CTRN413"],
      names: [`${world.plan.outsideName6}|${world.plan.outside6}`],
      inject: [],
      undo: [],
    }),
    { effect: "closed" },
  ),
  resolvConf(
    "501",
    "the client asks a name server on its own loopback",
    ["CTRN501"],
    ["127.0.0.53"],
    "nameserver 127.0.0.53\\n",
  ),
  resolvConf(
    "501",
    "the client asks a server of old",
    ["CTRN501"],
    ["127.0.1.1"],
    "nameserver 127.0.1.1\\noptions ndots:0\\n",
  ),
  scripted("502", "the client's own filter keeps questions away", TO_NAMES, (scene) => {
    const { add, remove } = foreignTable(scene, { hook: "output", priority: scene.priority }, [
      "meta l4proto { tcp, udp } oifname lo drop",
    ]);
    return {
      codes: ["CTRN502", "CTRN114"],
      names: [scene.table],
      inject: [["client", add]],
      undo: [["client", remove]],
    };
  }),
  scripted("502", "the host's filter keeps questions from the host's server", ["egressName"], (scene) => {
    const { add, remove } = foreignTable(scene, { hook: "output", priority: scene.priority }, [
      "meta l4proto { tcp, udp } th dport 53 drop",
    ]);
    return { codes: ["CTRN502", "CTRN505"], names: [scene.table], inject: [["host", add]], undo: [["host", remove]] };
  }),
  scripted("503", "the redirect to our name server is gone", TO_NAMES, ({ client }) => ({
    codes: ["CTRN503"],
    names: [`ctr-names|${client.name}`],
    inject: [["client", "nft delete table ip ctr-names"]],
    undo: [],
  })),
  {
    ...{ id: "503", title: "our name server's process is stopped", paths: TO_NAMES },
    plan: (world) => ({
      codes: ["CTRN503", "CTRN606"],
      names: ["ctr-dataplane|data plane|name server"],
      inject: () => dataPlane("SIGSTOP")(world),
      undo: () => dataPlane("SIGCONT")(world),
    }),
  },
  {
    ...{ id: "503", title: "our name server's process is gone", paths: TO_NAMES, engine: "down" },
    plan: (world) => ({
      codes: ["CTRN503"],
      names: ["ctr-dataplane|data plane|name server"],
      inject: () => dataPlane("SIGKILL")(world),
      undo: async () => {},
    }),
  },
  {
    ...{ id: "504", title: "answers are too big, and TCP is closed to the server", paths: ["egressName"] },
    plan(world, path) {
      const fault = scripted("504", "", path.kind === "egressName" ? ["egressName"] : [], (scene) => {
        const { add, remove } = foreignTable(scene, { hook: "output", priority: scene.priority }, [
          "tcp dport 53 drop",
        ]);
        return {
          codes: ["CTRN504", "CTRN505"],
          names: [scene.table],
          inject: [["host", add]],
          undo: [["host", remove]],
        };
      });
      const injection = fault.plan(world, path);
      return {
        ...injection,
        async inject() {
          world.setZone({ mood: "truncated" });
          await injection.inject();
        },
        async undo() {
          world.setZone();
          await injection.undo();
        },
      };
    },
  },
  mood("505", "the host's name server is silent", ["CTRN505"], { mood: "silent" }),
  scripted("505", "the host's name server has nobody listening", ["egressName"], ({ world, uplink }) => {
    // The packets come to the outside's kernel, which finds no program.
    const { gateway4, cable } = world.plan;
    return {
      codes: ["CTRN505"],
      names: [gateway4],
      inject: [
        [
          "outside",
          `nft -f - <<'END'\ntable ip shut { chain in { type filter hook input priority 0; iifname "${cable}" udp dport 53 reject; iifname "${cable}" tcp dport 53 reject with tcp reset; }\n}\nEND\n: ${uplink}`,
        ],
      ],
      undo: [["outside", "nft delete table ip shut"]],
    };
  }),
  mood("508", "the host's name server is slow", ["CTRN508", "CTRN505"], { mood: "slow" }),
  {
    ...{ id: "507", title: "a name of a container on another network", paths: ["otherName"], effect: "closed" },
    plan: (world) => ({
      codes: ["CTRN507", "CTRN190"],
      names: [world.plan.server],
      inject: async () => {},
      undo: async () => {},
    }),
  },
];
