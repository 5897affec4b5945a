/** Links, bridges and neighbours: 301–316. */
import type { ChildProcess } from "node:child_process";
import { type Fault, type Scene, type Step, sceneOf, scripted, WITHIN_BRIDGE } from "../fault.ts";
import { endAgent } from "../world.ts";

const OF_CLIENT = ["egress", "icc", "egressUdp", "icc6"] as const;

export const forgetNeighbours: readonly Step[] = [
  ["host", "ip neigh flush nud all 2>/dev/null || true"],
  ["client", "ip neigh flush nud all 2>/dev/null || true"],
  ["server", "ip neigh flush nud all 2>/dev/null || true"],
];

export const linkFaults: readonly Fault[] = [
  scripted("301", "the client's cable is down on the host", OF_CLIENT, ({ client }) => ({
    codes: ["CTRN301"],
    names: [client.cable],
    inject: [["host", `ip link set ${client.cable} down`]],
    undo: [["host", `ip link set ${client.cable} up`]],
  })),
  scripted("301", "the server's cable is down on the host", ["icc", "published", "hostToContainer"], ({ server }) => ({
    codes: ["CTRN301"],
    names: [server.cable],
    inject: [["host", `ip link set ${server.cable} down`]],
    undo: [["host", `ip link set ${server.cable} up`]],
  })),
  scripted("302", "the bridge is down", ["egress", "icc", "published", "hostToContainer"], ({ bridge, world }) => ({
    codes: ["CTRN302"],
    names: [bridge],
    inject: [["host", `ip link set ${bridge} down`]],
    undo: [
      [
        "host",
        `ip link set ${bridge} up; ip -6 addr replace ${world.plan.subnets.front6.replace("::/64", "::1/64")} dev ${bridge} nodad`,
      ],
    ],
  })),
  scripted("303", "the client's own interface is down", OF_CLIENT, (scene) => ({
    codes: ["CTRN303"],
    names: ["eth0", scene.client.name],
    inject: [["client", "ip link set eth0 down"]],
    undo: [["client", routesOf(scene.world, "client")]],
  })),
  scripted("303", "the server's own interface is down", ["icc", "published"], ({ server, world }) => ({
    codes: ["CTRN303"],
    names: ["eth0", server.name],
    inject: [["server", "ip link set eth0 down"]],
    undo: [["server", routesOf(world, "server")]],
  })),
  scripted("304", "the client's cable is no port of the bridge", OF_CLIENT, ({ client, bridge }) => ({
    codes: ["CTRN304"],
    names: [client.cable],
    inject: [["host", `ip link set ${client.cable} nomaster`]],
    undo: [["host", `ip link set ${client.cable} master ${bridge}; bridge link set dev ${client.cable} hairpin on`]],
  })),
  scripted(
    "304",
    "the server's cable is a port of another bridge",
    ["icc", "published", "hostToContainer"],
    ({ server, bridge, back }) => ({
      codes: ["CTRN304"],
      names: [server.cable],
      inject: [["host", `ip link set ${server.cable} master ${back}`]],
      undo: [["host", `ip link set ${server.cable} master ${bridge}; bridge link set dev ${server.cable} hairpin on`]],
    }),
  ),
  scripted("305", "both ports are isolated", WITHIN_BRIDGE, ({ client, server }) => ({
    codes: ["CTRN305"],
    names: [`${client.cable}|${server.cable}`],
    inject: [client, server].map(({ cable }) => ["host", `bridge link set dev ${cable} isolated on`] as const),
    undo: [client, server].map(({ cable }) => ["host", `bridge link set dev ${cable} isolated off`] as const),
  })),
  scripted(
    "306",
    "the bridge does not know the server's port, and asks nobody",
    WITHIN_BRIDGE,
    ({ server, bridge }) => ({
      codes: ["CTRN306"],
      names: [server.cable],
      inject: [
        [
          "host",
          `bridge link set dev ${server.cable} learning off flood off bcast_flood off mcast_flood off; bridge fdb del ${server.mac} dev ${server.cable} master 2>/dev/null || true; ip neigh flush dev ${bridge}`,
        ],
        ["client", "ip neigh flush nud all"],
      ],
      undo: [
        ["host", `bridge link set dev ${server.cable} learning on flood on bcast_flood on mcast_flood on`],
        ...forgetNeighbours,
      ],
    }),
  ),
  scripted(
    "307",
    "the spanning tree keeps the client's port waiting",
    ["egress", "icc", "hairpin"],
    ({ bridge, client, server, path }) => {
      const { cable } = path.kind === "hairpin" ? server : client;
      return {
        codes: ["CTRN307"],
        names: [`${cable}|${bridge}`],
        inject: [
          [
            "host",
            `ip link set ${bridge} type bridge stp_state 1 forward_delay 3000; ip link set ${cable} down; ip link set ${cable} up`,
          ],
        ],
        undo: [
          [
            "host",
            `ip link set ${bridge} type bridge stp_state 0 forward_delay 1500; ip link set ${cable} down; ip link set ${cable} up`,
          ],
        ],
      };
    },
  ),
  scripted(
    "308",
    "the bridge sends the server's frames to a wrong port",
    ["icc", "hostToContainer", "published"],
    ({ server, third }) => ({
      codes: ["CTRN308"],
      names: [`${third.cable}|${server.mac}`],
      inject: [["host", `bridge fdb replace ${server.mac} dev ${third.cable} master static sticky`]],
      undo: [["host", `bridge fdb del ${server.mac} dev ${third.cable} master`]],
    }),
  ),
  scripted(
    "309",
    "a third container has the server's address, too",
    ["icc", "hostToContainer", "published"],
    ({ server, third, client, path, bridge }) => {
      // Who answers first is chance: the one who asks has been told of the wrong one.
      const learn: Step =
        path.kind === "icc"
          ? ["client", `ip neigh replace ${server.address} lladdr ${third.mac} dev eth0 nud reachable`]
          : ["host", `ip neigh replace ${server.address} lladdr ${third.mac} dev ${bridge} nud reachable`];
      return {
        codes: ["CTRN309"],
        names: [`${third.name}|${client.name}|${third.mac}`, server.address],
        inject: [["third", `ip addr add ${server.address}/24 dev eth0`], learn],
        undo: [["third", `ip addr del ${server.address}/24 dev eth0`], ...forgetNeighbours],
      };
    },
  ),
  twin(),
  scripted(
    "311",
    "the client's gateway is an address that nobody has",
    ["egress", "egressUdp", "neighbourPublished", "egressName"],
    ({ world }) => {
      const { front4 } = world.plan.subnets;
      const [right, wrong] = [front4.replace("0/24", "1"), front4.replace("0/24", "254")];
      return {
        codes: ["CTRN311"],
        names: [wrong],
        inject: [["client", `ip route replace default via ${wrong}`]],
        undo: [["client", `ip route replace default via ${right}; ip neigh flush nud all`]],
      };
    },
  ),
  scripted("311", "the bridge has lost its address", ["egress", "egressUdp", "published"], ({ world, bridge }) => {
    const address = world.plan.subnets.front4.replace("0/24", "1");
    return {
      codes: ["CTRN311"],
      names: [address, bridge],
      inject: [
        ["host", `ip addr del ${address}/24 dev ${bridge}`],
        ["client", "ip neigh flush nud all"],
      ],
      undo: [["host", `ip addr add ${address}/24 brd + dev ${bridge}`], ...forgetNeighbours],
    };
  }),
  scripted("312", "the client takes the outside for its own network", ["egress", "egressUdp"], ({ target, world }) => {
    const wide = world.plan.random.pick([`${target.replace(/\.\d+$/, ".0")}/24`, "192.0.0.0/2"]);
    return {
      codes: ["CTRN312"],
      names: [wide],
      inject: [["client", `ip route add ${wide} dev eth0`]],
      undo: [["client", `ip route del ${wide} dev eth0; ip neigh flush nud all`]],
    };
  }),
  // The host answers for each address of its own, wherever it is asked: only what is beyond it is lost.
  scripted("312", "the client's prefix is too short", ["egress", "egressUdp"], ({ world, client: { address } }) => {
    const gateway = world.plan.subnets.front4.replace("0/24", "1");
    const back = `ip route replace default via ${gateway}`;
    const halves = ["0.0.0.0/1", "128.0.0.0/1"];
    const routes = (verb: "add" | "del"): string =>
      halves.map((half) => `ip route ${verb} ${half} dev eth0`).join("; ");
    return {
      codes: ["CTRN312"],
      names: ["/1"],
      inject: [
        ["client", `ip addr del ${address}/24 dev eth0; ip addr add ${address}/1 dev eth0; ${routes("add")}; ${back}`],
      ],
      undo: [
        [
          "client",
          `${routes("del")}; ip addr del ${address}/1 dev eth0; ip addr replace ${address}/24 brd + dev eth0; ${back}; ip neigh flush nud all`,
        ],
      ],
    };
  }),
  scripted(
    "313",
    "the client has a wrong hardware address for the server",
    ["icc", "iccUdp", "icc6"],
    ({ server, ip }) => ({
      codes: ["CTRN313"],
      names: [server.address],
      inject: [["client", `${ip} neigh replace ${server.address} lladdr 02:de:ad:00:00:01 dev eth0 nud permanent`]],
      undo: [["client", `${ip} neigh del ${server.address} dev eth0`], ...forgetNeighbours],
    }),
  ),
  scripted("313", "the client has a wrong hardware address for its gateway", ["egress", "egressUdp"], ({ world }) => {
    const gateway = world.plan.subnets.front4.replace("0/24", "1");
    return {
      codes: ["CTRN313"],
      names: [gateway],
      inject: [["client", `ip neigh replace ${gateway} lladdr 02:de:ad:00:00:02 dev eth0 nud permanent`]],
      undo: [["client", `ip neigh del ${gateway} dev eth0`], ...forgetNeighbours],
    };
  }),
  scripted(
    "313",
    "the host has a wrong hardware address for the server",
    ["published", "hostToContainer", "localhost"],
    ({ server, bridge }) => ({
      codes: ["CTRN313"],
      names: [server.address],
      inject: [["host", `ip neigh replace ${server.address} lladdr 02:de:ad:00:00:03 dev ${bridge} nud permanent`]],
      undo: [["host", `ip neigh del ${server.address} dev ${bridge}`], ...forgetNeighbours],
    }),
  ),
  scripted(
    "314",
    "the client's interface does not ask for hardware addresses",
    ["egress", "icc"],
    ({ client, world }) => ({
      codes: ["CTRN314"],
      names: ["eth0", client.name],
      inject: [["client", "ip link set eth0 arp off"]],
      undo: [["client", `ip link set eth0 arp on; ${routesOf(world, "client")}`], ...forgetNeighbours],
    }),
  ),
  scripted(
    "314",
    "the server's interface does not answer for its address",
    ["icc", "hostToContainer", "published"],
    ({ server, world, bridge }) => ({
      codes: ["CTRN314"],
      names: ["eth0", server.name],
      inject: [
        ["server", "ip link set eth0 arp off"],
        ["host", `ip neigh flush dev ${bridge}`],
        ["client", "ip neigh flush nud all"],
      ],
      undo: [["server", `ip link set eth0 arp on; ${routesOf(world, "server")}`], ...forgetNeighbours],
    }),
  ),
  scripted("316", "the client has lost its address", OF_CLIENT, (scene) => ({
    codes: ["CTRN316"],
    names: [scene.client.name],
    inject: [["client", "ip addr flush dev eth0"]],
    undo: [["client", routesOf(scene.world, "client")]],
  })),
  scripted(
    "316",
    "the server has lost its address",
    ["icc", "published", "hostToContainer"],
    ({ world, server, bridge }) => ({
      codes: ["CTRN316"],
      names: [server.name],
      inject: [
        ["server", "ip addr flush dev eth0"],
        ["host", `ip neigh flush dev ${bridge}`],
        ["client", "ip neigh flush nud all"],
      ],
      undo: [["server", routesOf(world, "server")], ...forgetNeighbours],
    }),
  ),
];

/** Gives a container's interface back what it has lost. */
export function routesOf(world: Scene["world"], part: "client" | "server"): string {
  const { front4, front6 } = world.plan.subnets;
  const { address4, address6 } = world.member(part);
  return [
    `ip addr replace ${address4}/24 brd - dev eth0`,
    `ip -6 addr replace ${address6}/64 dev eth0 nodad`,
    "ip link set eth0 up",
    `ip route replace default via ${front4.replace("0/24", "1")}`,
    `ip -6 route replace default via ${front6.replace("::/64", "::1")} metric 1024`,
  ].join("; ");
}

/** A third container has the server's hardware address and sends all the time. */
function twin(): Fault {
  let sender: ChildProcess | undefined;
  return {
    id: "310",
    title: "a third container has the server's hardware address, too",
    paths: ["icc", "hostToContainer", "published"],
    plan(world, path) {
      const { server, third } = sceneOf(world, path);
      const gateway = world.plan.subnets.front4.replace("0/24", "1");
      return {
        codes: ["CTRN310"],
        names: [`${third.name}|${server.mac}`],
        async inject() {
          await world.shell("third", `ip link set eth0 address ${server.mac}`);
          sender = await world.spawnAgent("third", "flood", gateway, "9", "64");
        },
        async undo() {
          if (sender !== undefined) await endAgent(sender);
          sender = undefined;
          await world.shell("third", `ip link set eth0 address ${third.mac}`);
          for (const [where, script] of forgetNeighbours) await world.shell(where, script);
        },
      };
    },
  };
}
