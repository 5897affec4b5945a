/**
 * A host with much that is out of the ordinary, made with iproute2, nft, iptables and tc, so that it does not count on what
 * is under test. The test's thread is in the host's namespace while it lives.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createNamespace, enterNetworkNamespace } from "../../../../netns/index.ts";
import { ip, type PrivateNetwork } from "../private-network.ts";

/** Runs a program in the thread's present namespace. */
export function run(command: string): void {
  const [program = "", ...args] = command.split(" ");
  execFileSync(program, args, { stdio: ["ignore", "pipe", "pipe"] });
}

export const MACS = { web: "02:00:00:00:07:02", api: "02:00:00:00:07:03", neighbour: "02:00:00:00:00:09" } as const;

const RULES = `
  table inet other {
    chain in { type filter hook input priority 5; policy accept; tcp dport 23 drop comment "telnet"
      ct state new accept
    }
  }
  table ip translated {
    chain pre { type nat hook prerouting priority -100; policy accept; udp dport 8080 dnat to 10.7.0.3:80
    }
  }`;

/** The bridge `ctr0` with `web` and `api` behind it, as a host with policy routing, static entries and foreign rules. */
export function makeHost(network: PrivateNetwork): void {
  for (const name of ["web", "api"]) createNamespace(network.namespace(name), () => {});
  ip("link", "add", "ctr0", "type", "bridge");
  run("ip address add 10.7.0.1/24 dev ctr0");
  run("ip link set ctr0 up");
  run("sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.ctr0.rp_filter=1 net.ipv4.conf.ctr0.route_localnet=1");
  connect(network, "web", "10.7.0.2");
  connect(network, "api", "10.7.0.3");
  run("ip link set v-api type bridge_slave isolated on hairpin on flood off");
  run("ip link add idle0 mtu 1400 type veth peer name idle1");
  run("ip link set idle0 up");
  enterNetworkNamespace(network.namespace("web"), () => {
    run("ip route add blackhole 198.51.100.0/24");
    run("sysctl -qw net.ipv4.conf.eth0.arp_ignore=3");
  });
}

function connect(network: PrivateNetwork, name: "web" | "api", address: string): void {
  const peer = `name eth0 address ${MACS[name]} netns ${network.namespace(name)}`;
  run(`ip link add v-${name} type veth peer ${peer}`);
  run(`ip link set v-${name} master ctr0 up`);
  enterNetworkNamespace(network.namespace(name), () => {
    run("ip link set lo up");
    run("ip link set eth0 up");
    run(`ip address add ${address}/24 dev eth0`);
    run("ip route add default via 10.7.0.1");
  });
}

/** Routing that most hosts do not have. */
export function addPolicy(): void {
  run("ip rule add from 10.9.0.0/24 table 200 priority 1000");
  run("ip rule add fwmark 0x10/0xff to 203.0.113.0/24 prohibit priority 1001");
  run("ip rule add iif ctr0 ipproto tcp dport 25 table 200 priority 1002");
  run("ip -6 rule add not from fd00::/64 blackhole priority 1003");
  run("ip route add default via 10.7.0.2 table 200");
  run("ip route add 192.0.2.0/24 via 10.7.0.2 mtu 1400 metric 50");
  run("ip route add 203.0.113.0/24 nexthop via 10.7.0.2 nexthop via 10.7.0.3");
  run(`ip neighbour replace 10.7.0.9 lladdr ${MACS.neighbour} dev ctr0 nud permanent`);
  run("bridge fdb replace 02:00:00:00:00:0a dev v-web master static sticky");
}

export function addRules(): void {
  execFileSync("nft", ["-f", "-"], { input: RULES, stdio: ["pipe", "pipe", "pipe"] });
  run("iptables-legacy -A FORWARD -p tcp --dport 25 -j DROP");
  run("ip6tables-nft -A FORWARD -p udp -j DROP");
}

export function addQueues(): void {
  run("tc qdisc add dev v-web root tbf rate 8mbit burst 16k latency 50ms");
  run("tc qdisc add dev v-web ingress");
  run("tc filter add dev v-web parent ffff: protocol all prio 7 u32 match u32 0 0 classid 1:1");
}

const SERVER = `
  const server = require("node:net").createServer(() => {}).listen(80, "10.7.0.2", 7, () => console.log("ready"));
`;

/** A program in `web` that listens on 10.7.0.2:80. It must be ended. */
export async function serveIn(network: PrivateNetwork, name: string) {
  const { child } = enterNetworkNamespace(network.namespace(name), () => ({
    child: spawn(process.execPath, ["-e", SERVER], { stdio: ["ignore", "pipe", "inherit"] }),
  }));
  await once(child.stdout, "data");
  if (child.pid === undefined) throw new Error("no server");
  return { pid: child.pid, end: () => child.kill("SIGKILL") };
}
