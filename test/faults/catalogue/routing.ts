/** Routes, policy routing and packet sizes: 401–413. */
import { type Fault, foreignTable, scripted } from "../fault.ts";

const gatewayOf = (subnet: string): string => subnet.replace("0/24", "1").replace("::/64", "::1");

export const routingFaults: readonly Fault[] = [
  scripted(
    "401",
    "the client has no default route",
    ["egress", "egressUdp", "neighbourPublished"],
    ({ client, world }) => ({
      codes: ["CTRN401"],
      names: [client.name],
      inject: [["client", "ip route del default"]],
      undo: [["client", `ip route add default via ${gatewayOf(world.plan.subnets.front4)}`]],
    }),
  ),
  scripted("401", "the client has no default route of IPv6", ["egress6"], ({ client, world }) => ({
    codes: ["CTRN401"],
    names: [client.name],
    inject: [["client", "ip -6 route del default"]],
    undo: [["client", `ip -6 route add default via ${gatewayOf(world.plan.subnets.front6)} dev eth0 metric 1024`]],
  })),
  scripted("402", "the host has no way out", ["egress", "egressUdp"], ({ world }) => ({
    codes: ["CTRN402"],
    names: ["default|route"],
    inject: [["host", "ip route del default"]],
    undo: [["host", `ip route add default via ${world.plan.gateway4}`]],
  })),
  scripted("402", "the host has no way out by IPv6", ["egress6"], ({ world, uplink }) => ({
    codes: ["CTRN402"],
    names: ["default|route"],
    inject: [["host", "ip -6 route del default"]],
    undo: [["host", `ip -6 route add default via ${world.plan.gateway6} dev ${uplink} metric 1024`]],
  })),
  scripted("402", "the host's uplink is down", ["egress", "egressUdp"], ({ world, uplink }) => ({
    codes: ["CTRN402"],
    names: ["default|route|link"],
    inject: [["host", `ip link set ${uplink} down`]],
    undo: [
      [
        "host",
        `ip link set ${uplink} up; ip -6 addr replace ${world.plan.host6}/64 dev ${uplink} nodad; ip route replace default via ${world.plan.gateway4}; ip -6 route replace default via ${world.plan.gateway6} dev ${uplink} metric 1024`,
      ],
    ],
  })),
  scripted(
    "403",
    "a black hole in the host's routes",
    ["egress", "egress6", "egressUdp", "published"],
    ({ target, ip, path, world }) => {
      const lost = path.kind === "published" ? world.plan.gateway4 : target;
      return {
        codes: ["CTRN403"],
        names: [lost],
        inject: [["host", `${ip} route add blackhole ${lost}`]],
        undo: [["host", `${ip} route del blackhole ${lost}`]],
      };
    },
  ),
  scripted("403", "a rule that swallows the network's packets", ["egress", "egressUdp"], ({ world, number }) => ({
    codes: ["CTRN403"],
    names: [`${world.plan.subnets.front4}|${number}`],
    inject: [
      [
        "host",
        `ip rule add from ${world.plan.subnets.front4} iif ${world.bridge("front")} priority ${number} blackhole`,
      ],
    ],
    undo: [["host", `ip rule del priority ${number}`]],
  })),
  scripted("404", "an unreachable route of the host", ["egress", "egress6", "egressUdp"], ({ target, ip }) => ({
    codes: ["CTRN404"],
    names: [target],
    inject: [["host", `${ip} route add unreachable ${target}`]],
    undo: [["host", `${ip} route del unreachable ${target}`]],
  })),
  scripted("404", "a prohibiting rule of the host", ["egress", "egressUdp", "egress6"], ({ number, target, ip }) => ({
    codes: ["CTRN404"],
    names: [`${number}`],
    inject: [["host", `${ip} rule add to ${target} priority ${number} prohibit`]],
    undo: [["host", `${ip} rule del priority ${number}`]],
  })),
  scripted(
    "405",
    "a narrower route leads elsewhere",
    ["published", "hostToContainer", "localhost", "crossPublished"],
    ({ server, uplink, world }) => {
      const subnet = world.plan.random.pick([
        `${server.address}/32`,
        world.plan.subnets.front4.replace("0/24", "0/25"),
      ]);
      return {
        codes: ["CTRN405"],
        names: [subnet.replace("/32", "")],
        inject: [["host", `ip route add ${subnet} via ${world.plan.gateway4} dev ${uplink}`]],
        undo: [["host", `ip route del ${subnet}`]],
      };
    },
  ),
  scripted("405", "the answers' route leads elsewhere", ["egress", "egressUdp"], ({ client, uplink, world }) => ({
    codes: ["CTRN405"],
    names: [client.address],
    inject: [["host", `ip route add ${client.address}/32 via ${world.plan.gateway4} dev ${uplink}`]],
    undo: [["host", `ip route del ${client.address}/32`]],
  })),
  scripted(
    "406",
    "a rule sends the network's packets into another table",
    ["egress", "egressUdp"],
    ({ world, number, back }) => {
      const dead = world.plan.subnets.back4.replace("0/24", "254");
      return {
        codes: ["CTRN406"],
        names: [String(number)],
        inject: [
          [
            "host",
            `ip route add default via ${dead} dev ${back} table ${number}; ip rule add from ${world.plan.subnets.front4} priority ${number} lookup ${number}; ip route add ${world.plan.subnets.front4} dev ${world.bridge("front")} table ${number}`,
          ],
        ],
        undo: [["host", `ip rule del priority ${number}; ip route flush table ${number}`]],
      };
    },
  ),
  twoNetworks(),
  scripted("407", "the reverse path filter drops what comes by the uplink", ["published", "publishedUdp"], (scene) => {
    const { uplink, back, world } = scene;
    const from = world.plan.gateway4;
    const key = `net.ipv4.conf.${uplink}.rp_filter`;
    return {
      codes: ["CTRN407", "CTRN405"],
      names: [`rp_filter|${from}`],
      inject: [["host", `ip route add ${from}/32 dev ${back}; sysctl -qw ${key}=1`]],
      undo: [["host", `sysctl -qw ${key}=0; ip route del ${from}/32 dev ${back}`]],
    };
  }),
  scripted("408", "packets leave with one hop to live", ["egress", "egressUdp"], (scene) => {
    const { add, remove } = foreignTable(scene, { hook: "output", priority: -150 }, ["oifname eth0 ip ttl set 1"]);
    return {
      codes: ["CTRN408", "CTRN119"],
      names: [`${scene.table}|TTL|ttl`],
      inject: [["client", add]],
      undo: [["client", remove]],
    };
  }),
  scripted(
    "409",
    "the uplink takes smaller packets than the network",
    ["egress"],
    ({ uplink }) => ({
      codes: ["CTRN409"],
      names: [uplink, "1400"],
      inject: [["host", `ip link set ${uplink} mtu 1400`]],
      undo: [
        ["host", `ip link set ${uplink} mtu 1500`],
        ["client", "ip route flush cache"],
      ],
    }),
    { effect: "latent" },
  ),
  scripted("410", "nobody is told that packets are too big", ["egressBig"], (scene) => {
    const rule = "icmp type destination-unreachable icmp code frag-needed drop";
    const { add, remove } = foreignTable(scene, { hook: "output", priority: scene.priority }, [rule]);
    return {
      codes: ["CTRN410"],
      names: [scene.table],
      inject: [["host", `ip link set ${scene.uplink} mtu 1400; ${add}`]],
      undo: [
        ["host", `ip link set ${scene.uplink} mtu 1500; ${remove}`],
        ["client", "ip route flush cache"],
      ],
    };
  }),
  scripted("411", "the ends of the server's cable differ in size", ["iccBig"], ({ server }) => ({
    codes: ["CTRN411"],
    names: [server.cable],
    inject: [
      ["host", `ip link set ${server.cable} mtu 1300 gso_max_segs 1`],
      ["client", "ip link set eth0 gso_max_segs 1"],
    ],
    undo: [
      ["host", `ip link set ${server.cable} mtu 1500 gso_max_segs 65535`],
      ["client", "ip link set eth0 gso_max_segs 65535"],
    ],
  })),
  scripted("411", "the ends of the client's cable differ in size", ["iccBig", "egressBig"], ({ client }) => ({
    codes: ["CTRN411"],
    names: [client.cable],
    inject: [
      ["host", `ip link set ${client.cable} mtu 1300`],
      ["client", "ip link set eth0 gso_max_segs 1"],
    ],
    undo: [
      ["host", `ip link set ${client.cable} mtu 1500`],
      ["client", "ip link set eth0 gso_max_segs 65535"],
    ],
  })),
  scripted("412", "beyond the uplink only small packets pass", ["egressBig"], ({ uplink, world }) => {
    const { cable, gateway4 } = world.plan;
    const near = gateway4.replace(/\d+$/, "0/24");
    return {
      codes: ["CTRN412"],
      names: ["MTU|packet size|big"],
      inject: [
        // The other side still says that it takes large ones.
        ["outside", `ip link set ${cable} mtu 1400; ip route replace ${near} dev ${cable} advmss 1460`],
        ["host", `ip link set ${uplink} gso_max_segs 1`],
        ["client", "ip link set eth0 gso_max_segs 1"],
      ],
      undo: [
        ["outside", `ip link set ${cable} mtu 1500; ip route replace ${near} dev ${cable}`],
        ["host", `ip link set ${uplink} gso_max_segs 65535`],
        ["client", "ip link set eth0 gso_max_segs 65535"],
      ],
    };
  }),
];

/** A container on two networks sends by one with its address of the other. */
function twoNetworks(): Fault {
  return {
    ...{
      id: "407",
      title: "the reverse path filter drops what comes with another network's address",
      paths: ["egress"],
    },
    plan(world) {
      const { client, networks, subnets } = world.plan;
      const gateway = gatewayOf(subnets.front4);
      const key = `net.ipv4.conf.${world.bridge("front")}.rp_filter`;
      return {
        codes: ["CTRN407"],
        names: ["rp_filter"],
        async inject() {
          await world.engine.ctrOutput("network", "connect", networks.back, client);
          const address = await world.shell("client", "ip -o -4 addr show dev eth1 | sed 's/.*inet //; s#/.*##'");
          await world.shell("client", `ip route replace default via ${gateway} src ${address}`);
          await world.shell("host", `sysctl -qw ${key}=1`);
        },
        async undo() {
          await world.shell("host", `sysctl -qw ${key}=0`);
          await world.shell("client", `ip route replace default via ${gateway}`);
          await world.engine.ctrOutput("network", "disconnect", networks.back, client);
        },
      };
    },
  };
}
