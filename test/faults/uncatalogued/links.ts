/** Cables, neighbours and queues in states that the catalogue does not have. */
import { forgetNeighbours } from "../catalogue/links.ts";
import { type Fault, scripted } from "../fault.ts";

const WRONG_MAC = "02:00:00:00:00:99";

export const linkStates: readonly Fault[] = [
  scripted(
    "x-unplugged",
    "the uplink's cable is pulled out at its far end",
    ["egress", "egressUdp"],
    ({ uplink, world }) => ({
      names: [uplink, "carrier|cable"],
      inject: [["outside", `ip link set ${world.plan.cable} down`]],
      undo: [
        [
          "outside",
          `ip link set ${world.plan.cable} up; ip -6 addr replace ${world.plan.gateway6}/64 dev ${world.plan.cable} nodad`,
        ],
      ],
    }),
  ),
  scripted(
    "x-uplink-neighbour",
    "the host knows its gateway by a wrong hardware address",
    ["egress", "egressUdp"],
    ({ uplink, world }) => ({
      names: [world.plan.gateway4, uplink],
      inject: [["host", `ip neigh replace ${world.plan.gateway4} lladdr ${WRONG_MAC} nud permanent dev ${uplink}`]],
      undo: [["host", `ip neigh del ${world.plan.gateway4} dev ${uplink}`]],
    }),
  ),
  scripted(
    "x-answer-neighbour",
    "the server knows the client by a wrong hardware address",
    ["icc", "iccUdp"],
    ({ client, server }) => ({
      names: [client.address, server.name],
      inject: [["server", `ip neigh replace ${client.address} lladdr ${WRONG_MAC} nud permanent dev eth0`]],
      undo: [["server", `ip neigh del ${client.address} dev eth0`]],
    }),
  ),
  scripted(
    "x-host-neighbour",
    "the host knows the client by a wrong hardware address",
    ["egress"],
    ({ client, bridge }) => ({
      names: [client.address, bridge],
      inject: [["host", `ip neigh replace ${client.address} lladdr ${WRONG_MAC} nud permanent dev ${bridge}`]],
      undo: [["host", `ip neigh del ${client.address} dev ${bridge}`]],
    }),
  ),
  scripted("x-poisoned", "the outside knows the host by a wrong hardware address", ["egress"], ({ world }) => ({
    names: ["outside|beyond|uplink|left the host|leaves"],
    inject: [
      ["outside", `ip neigh replace ${world.plan.host4} lladdr ${WRONG_MAC} nud permanent dev ${world.plan.cable}`],
    ],
    undo: [["outside", `ip neigh del ${world.plan.host4} dev ${world.plan.cable}`]],
  })),
  scripted("x-no-multicast", "the server's port gets no multicasts", ["icc6"], ({ server, bridge }) => ({
    names: [server.cable],
    inject: [
      [
        "host",
        `ip link set ${bridge} type bridge mcast_snooping 0; bridge link set dev ${server.cable} mcast_flood off`,
      ],
      ["client", "ip -6 neigh flush nud all"],
      ["server", "ip -6 neigh flush nud all"],
    ],
    undo: [
      [
        "host",
        `ip link set ${bridge} type bridge mcast_snooping 1; bridge link set dev ${server.cable} mcast_flood on`,
      ],
      ...forgetNeighbours,
    ],
  })),
  scripted("x-pfifo", "a queue of no length", ["egress", "icc"], ({ client }) => ({
    names: ["eth0", client.name, "queue|pfifo"],
    inject: [["client", "tc qdisc replace dev eth0 root tbf rate 1mbit burst 1 limit 1"]],
    undo: [["client", "tc qdisc del dev eth0 root"]],
  })),
  scripted(
    "x-moved",
    "the client's interface is in another container",
    ["egress", "icc"],
    ({ client, world }) => ({
      names: ["eth0", client.name],
      inject: [
        [
          "client",
          `ip link set eth0 down; ip link set eth0 netns /proc/${world.member("third").pid}/ns/net name lost0`,
        ],
      ],
      undo: [],
    }),
    { remakes: true },
  ),
  scripted(
    "x-renamed",
    "the client's interface has another name",
    ["egress", "egressUdp"],
    ({ client, other }) => ({
      names: ["eth0", client.name, other],
      inject: [["client", `ip link set eth0 down; ip link set eth0 name ${other}; ip link set ${other} up`]],
      undo: [],
    }),
    { remakes: true },
  ),
  scripted(
    "x-no-gateway-mac",
    "the bridge has no address any more",
    ["egress", "hostToContainer"],
    ({ bridge, world }) => {
      const gateway = world.plan.subnets.front4.replace("0/24", "1");
      return {
        names: [bridge, gateway],
        inject: [
          ["host", `ip addr del ${gateway}/24 dev ${bridge}`],
          ["client", "ip neigh flush nud all"],
        ],
        undo: [["host", `ip addr add ${gateway}/24 brd + dev ${bridge}`], ...forgetNeighbours],
      };
    },
  ),
  scripted("x-stolen-gateway", "a container has the gateway's address", ["egress"], ({ third, world }) => {
    const gateway = world.plan.subnets.front4.replace("0/24", "1");
    return {
      names: [gateway, third.name],
      inject: [
        ["third", `ip addr add ${gateway}/32 dev eth0; : ${third.mac}`],
        ["client", `ip neigh replace ${gateway} lladdr ${third.mac} dev eth0 nud reachable`],
      ],
      undo: [["third", `ip addr del ${gateway}/32 dev eth0`], ...forgetNeighbours],
    };
  }),
  scripted("x-htb", "a class of a queue lets nearly nothing through", ["icc", "egress"], ({ client }) => ({
    names: ["htb"],
    inject: [
      [
        "host",
        `tc qdisc replace dev ${client.cable} root handle 1: htb default 1; tc class add dev ${client.cable} parent 1: classid 1:1 htb rate 8bit ceil 8bit burst 10 cburst 10`,
      ],
    ],
    undo: [["host", `tc qdisc del dev ${client.cable} root`]],
  })),
  scripted(
    "x-bridge-deleted",
    "the bridge was deleted while the engine was down",
    ["egress", "icc"],
    ({ bridge }) => ({ names: [bridge], inject: [["host", `ip link del ${bridge}`]], undo: [] }),
    { remakes: true, engine: "down" },
  ),
];
