/** Address translation and published ports: 201–213. */
import type { ChildProcess } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { waitFor } from "../../support/wait.ts";
import { type Fault, foreignTable, sceneOf, scripted } from "../fault.ts";
import type { PathKind } from "../paths.ts";
import { endAgent, type World } from "../world.ts";

/** Two changes in one transaction: the number of elements stays, so the engine does not notice. */
const swap = (collection: string, from: string, to: string): string =>
  `printf 'delete element inet ctr ${collection} { ${from} }\\nadd element inet ctr ${collection} { ${to} }\\n' | nft -f -`;

/** An address of the network that nobody has. */
const nobody = (address: string): string =>
  address.includes(":") ? address.replace(/[^:]*$/, "fade") : address.replace(/\d+$/, "199");

const FROM_OUTSIDE = ["published", "publishedUdp", "hostPublished", "crossPublished"] as const;

const mapOf = (world: World, protocol: "tcp" | "udp") => {
  const { ports } = world.plan;
  const [host, inner] = protocol === "tcp" ? [ports.publishedTcp, ports.tcp] : [ports.publishedUdp, ports.udp];
  const { address4, address6 } = world.member("server");
  return { host, inner, address4, address6 };
};

export const translationFaults: readonly Fault[] = [
  scripted("201", "nothing translates what leaves", ["egress", "egressUdp", "egressBig"], ({ world }) => ({
    codes: ["CTRN201"],
    names: ["masq4|masquerade|inet ctr"],
    inject: [["host", swap("masq4", world.plan.subnets.front4, "198.51.100.0/24")]],
    undo: [["host", swap("masq4", "198.51.100.0/24", world.plan.subnets.front4)]],
  })),
  scripted("201", "nothing translates what leaves by IPv6", ["egress6"], ({ world }) => ({
    codes: ["CTRN201"],
    names: ["masq6|masquerade|inet ctr"],
    inject: [["host", swap("masq6", world.plan.subnets.front6, "2001:db8:9999::/64")]],
    undo: [["host", swap("masq6", "2001:db8:9999::/64", world.plan.subnets.front6)]],
  })),
  scripted(
    "201",
    "the rule that translates is gone",
    ["egress", "egressUdp"],
    () => ({
      codes: ["CTRN201", "CTRN115"],
      names: ["inet ctr|masquerade"],
      inject: [
        [
          "host",
          'nft delete rule inet ctr postrouting handle $(nft -a list chain inet ctr postrouting | sed -n "s/.*@masq4.*handle //p")',
        ],
      ],
      undo: [],
    }),
    { engine: "down" },
  ),
  scripted("202", "a rule keeps translation away", ["egress", "egressUdp"], (scene) => {
    const { add, remove } = foreignTable(scene, { hook: "prerouting", priority: -300 }, [
      `iifname "${scene.bridge}" notrack`,
    ]);
    return { codes: ["CTRN202"], names: [scene.table], inject: [["host", add]], undo: [["host", remove]] };
  }),
  clash(),
  scripted(
    "204",
    "nothing leads from the port to the container",
    FROM_OUTSIDE,
    ({ world, protocol }) => {
      const { host } = mapOf(world, protocol);
      return {
        codes: ["CTRN204"],
        names: [String(host)],
        inject: [["host", `nft delete element inet ctr hp4 "{ ${protocol} . ${host} }"`]],
        undo: [],
      };
    },
    { engine: "down" },
  ),
  scripted(
    "204",
    "another port leads to the container, the engine is up",
    [...FROM_OUTSIDE, "localhost"],
    ({ world, protocol }) => {
      const { host, inner, address4 } = mapOf(world, protocol);
      const element = (port: number): string => `${protocol} . ${port} : ${address4} . ${inner}`;
      return {
        codes: ["CTRN204"],
        names: [String(host)],
        inject: [["host", swap("hp4", `${protocol} . ${host}`, element(7))]],
        undo: [["host", swap("hp4", `${protocol} . 7`, element(host))]],
      };
    },
  ),
  scripted(
    "205",
    "the port leads to an address that nobody has",
    [...FROM_OUTSIDE, "localhost", "hairpin"],
    ({ world, protocol }) => {
      const { host, inner, address4 } = mapOf(world, protocol);
      const element = (address: string): string => `${protocol} . ${host} : ${address} . ${inner}`;
      return {
        codes: ["CTRN205"],
        names: [nobody(address4)],
        inject: [["host", swap("hp4", `${protocol} . ${host}`, element(nobody(address4)))]],
        undo: [["host", swap("hp4", `${protocol} . ${host}`, element(address4))]],
      };
    },
  ),
  scripted(
    "205",
    "the port leads to another container",
    ["published", "crossPublished", "hostPublished"],
    ({ world, third }) => {
      const { host, inner, address4 } = mapOf(world, "tcp");
      const element = (address: string): string => `tcp . ${host} : ${address} . ${inner}`;
      return {
        codes: ["CTRN205"],
        names: [`${third.address}|${third.name}`],
        inject: [["host", swap("hp4", `tcp . ${host}`, element(third.address))]],
        undo: [["host", swap("hp4", `tcp . ${host}`, element(address4))]],
      };
    },
  ),
  scripted("205", "the port leads to a wrong port of the container", ["published", "hostPublished"], ({ world }) => {
    const { host, inner, address4 } = mapOf(world, "tcp");
    const element = (port: number): string => `tcp . ${host} : ${address4} . ${port}`;
    return {
      codes: ["CTRN205", "CTRN603"],
      names: [String(inner + 5)],
      inject: [["host", swap("hp4", `tcp . ${host}`, element(inner + 5))]],
      undo: [["host", swap("hp4", `tcp . ${host}`, element(inner))]],
    };
  }),
  staleFlow(),
  scripted(
    "207",
    "our rule for published ports is gone",
    ["published", "crossPublished", "publishedUdp"],
    () => ({
      codes: ["CTRN207", "CTRN115"],
      names: ["inet ctr"],
      inject: [
        [
          "host",
          'nft delete rule inet ctr crossing handle $(nft -a list chain inet ctr crossing | sed -n "s/.*published port.*handle //p")',
        ],
      ],
      undo: [],
    }),
    { engine: "down" },
  ),
  scripted(
    "208",
    "published on 127.0.0.1 alone",
    ["publishedElsewhere"],
    ({ world }) => ({
      codes: ["CTRN208", "CTRN193"],
      names: [String(world.plan.ports.publishedLocal), "127.0.0.1"],
      inject: [],
      undo: [],
    }),
    { effect: "closed" },
  ),
  scripted("209", "loopback addresses are not routed to the bridge", ["localhost", "localOnly"], ({ bridge }) => ({
    codes: ["CTRN209"],
    names: [`net.ipv4.conf.${bridge}.route_localnet`],
    inject: [["host", `sysctl -qw net.ipv4.conf.${bridge}.route_localnet=0`]],
    undo: [["host", `sysctl -qw net.ipv4.conf.${bridge}.route_localnet=1`]],
  })),
  scripted(
    "209",
    "loopback addresses are not translated",
    ["localhost", "localOnly"],
    () => ({
      codes: ["CTRN209", "CTRN115"],
      names: ["inet ctr|127.0.0.0/8"],
      inject: [
        [
          "host",
          'nft delete rule inet ctr into handle $(nft -a list chain inet ctr into | sed -n "s/.*127.0.0.0.8.*handle //p")',
        ],
      ],
      undo: [],
    }),
    { engine: "down" },
  ),
  scripted("210", "the bridge sends nothing back where it came from", ["hairpin"], ({ server }) => ({
    codes: ["CTRN210"],
    names: [server.cable],
    inject: [["host", `bridge link set dev ${server.cable} hairpin off`]],
    undo: [["host", `bridge link set dev ${server.cable} hairpin on`]],
  })),
  scripted("211", "what comes back is not translated", ["hairpin"], ({ world }) => ({
    codes: ["CTRN211"],
    names: ["subnets4|masquerade|inet ctr"],
    inject: [["host", swap("subnets4", world.plan.subnets.front4, "198.51.100.0/24")]],
    undo: [["host", swap("subnets4", "198.51.100.0/24", world.plan.subnets.front4)]],
  })),
  stoppedProxy("the proxy of [::1] is stopped", ["localhost6"], false),
  stoppedProxy("published by IPv4 alone: no translation, and the proxy is stopped", ["published6"], true),
];

/** All connections leave with one source port, and there is one already. */
function clash(): Fault {
  let holder: ChildProcess | undefined;
  return {
    id: "203",
    title: "no source port is left for translation",
    paths: ["egress"],
    plan(world, path) {
      const scene = sceneOf(world, path);
      const rule = `ip saddr ${scene.client.address} tcp dport ${scene.port} masquerade to :50000`;
      const { add, remove } = foreignTable(scene, { hook: "nat postrouting", priority: 90 }, [rule]);
      return {
        codes: ["CTRN203"],
        names: [scene.table],
        async inject() {
          await world.shell("host", add);
          holder = await world.spawnAgent("client", "hold", scene.target, String(scene.port), "1");
        },
        async undo() {
          if (holder !== undefined) await endAgent(holder);
          holder = undefined;
          await world.shell("host", remove);
        },
      };
    },
  };
}

/** A flow of UDP goes on to the address that a port led to before. */
function staleFlow(): Fault {
  const sourcePort = 40_123;
  return {
    id: "206",
    title: "an old flow leads to an address that nobody has",
    paths: ["publishedUdp"],
    effect: "latent",
    plan(world) {
      const { host, inner, address4 } = mapOf(world, "udp");
      const element = (address: string): string => `udp . ${host} : ${address} . ${inner}`;
      const to = (address: string) => world.shell("host", swap("hp4", `udp . ${host}`, element(address)));
      const { host4 } = world.plan;
      const send = () =>
        world.ask("outside", { protocol: "udp", address: host4, port: host, patience: 300, sourcePort });
      return {
        codes: ["CTRN206"],
        names: [nobody(address4)],
        async inject() {
          await to(nobody(address4));
          await send();
          await to(address4);
        },
        // Time alone ends a flow: its last packet says how much is left.
        async undo() {
          const key = "net.netfilter.nf_conntrack_udp_timeout";
          const usual = await world.shell("host", `sysctl -n ${key}`);
          await world.shell("host", `sysctl -qw ${key}=1`);
          await waitFor("the flow's end", async () => {
            const answer = await send();
            // Each packet gives it a second more.
            await delay(1500);
            return answer.startsWith("echo");
          });
          await world.shell("host", `sysctl -qw ${key}=${usual}`);
        },
      };
    },
  };
}

/** @param unmapped take the kernel's translation away, too: the proxy listens on the port beside it */
function stoppedProxy(title: string, paths: readonly PathKind[], unmapped: boolean): Fault {
  return {
    ...{ id: "213", title, paths },
    plan(world) {
      const { host, inner, address6 } = mapOf(world, "tcp");
      const there = `tcp . ${host} : ${address6} . ${inner}`;
      const away = `tcp . 7 : ${address6} . ${inner}`;
      return {
        codes: ["CTRN213", "CTRN606", ...(unmapped ? ["CTRN204"] : ["CTRN209"])],
        names: [`${unmapped ? `${host}|` : ""}ctr-dataplane|data plane|proxy`],
        async inject() {
          if (unmapped) await world.shell("host", swap("hp6", `tcp . ${host}`, away));
          world.signalDataPlane("SIGSTOP");
        },
        async undo() {
          world.signalDataPlane("SIGCONT");
          if (unmapped) await world.run("host", ["sh", "-c", swap("hp6", "tcp . 7", there)]);
        },
      };
    },
  };
}
