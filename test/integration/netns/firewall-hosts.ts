/**
 * A host in a namespace of its own, with bridges, containers behind them, and a machine beyond its uplink. Made with
 * iproute2, so that it does not count on what is under test.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "../../../lib/command.ts";
import { ip, PrivateNetwork } from "./private-network.ts";

const PEER = join(import.meta.dirname, "firewall-peer.ts");

/** Milliseconds that an answer may take, and after which silence is silence. */
const PATIENCE = 10_000;
const SILENCE = 500;

/** Another namespace, and the program that serves in it. */
export class Machine {
  readonly #processes: ChildProcess[] = [];
  readonly pid: number;

  private constructor(anchor: ChildProcess) {
    if (anchor.pid === undefined) throw new Error("no namespace");
    this.pid = anchor.pid;
    this.#processes.push(anchor);
  }

  static async start(): Promise<Machine> {
    const anchor = spawn("unshare", ["--net", "sh", "-c", "echo ready; exec sleep infinity"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await firstOutput(anchor);
    const machine = new Machine(anchor);
    await machine.ip("link set lo up");
    return machine;
  }

  argv(argv: readonly string[]): string[] {
    return ["nsenter", "--target", String(this.pid), "--net", "--", ...argv];
  }

  async ip(command: string): Promise<void> {
    await runCommand(this.argv(["ip", ...command.split(" ")]));
  }

  async sysctl(setting: string): Promise<void> {
    await runCommand(this.argv(["sysctl", "-q", "-w", setting]));
  }

  /** Answers on these ports with the machine's name and who asked. */
  async serve(name: string, ...ports: readonly number[]): Promise<void> {
    const [program = "", ...args] = this.argv([process.execPath, PEER, "serve", name, ...ports.map(String)]);
    const server = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
    this.#processes.push(server);
    await firstOutput(server);
  }

  /** @returns the answer, or the code of the error */
  ask(address: string, port: number, protocol: "tcp" | "udp" = "tcp"): Promise<string> {
    return ask(this.argv([]), protocol, address, port, PATIENCE);
  }

  /** @returns `silence` when nothing comes back */
  listenFor(address: string, port: number, protocol: "tcp" | "udp" = "tcp"): Promise<string> {
    return ask(this.argv([]), protocol, address, port, SILENCE);
  }

  async stop(): Promise<void> {
    for (const child of this.#processes.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  }
}

export const UPLINK = {
  link: "up0",
  host: "192.0.2.1",
  /** Another address of the host. */
  second: "192.0.2.9",
  outside: "192.0.2.2",
  host6: "2001:db8::1",
  outside6: "2001:db8::2",
};

/** The IPv6 twin of a container's address: `172.20.0.2` → `fd00:20::2`. */
export function six(address: string): string {
  const [, network, , host] = address.split(".");
  return `fd00:${network}::${host}`;
}

export class Hosts implements AsyncDisposable {
  readonly #network = PrivateNetwork.enter();
  readonly #machines: Machine[] = [];
  #links = 0;

  /** @param brNetfilter whether packets that are switched inside a bridge pass the firewall */
  static async start({ brNetfilter }: { readonly brNetfilter: boolean }): Promise<Hosts> {
    const hosts = new Hosts();
    try {
      sysctl("ipv4/ip_forward", 1);
      sysctl("ipv6/conf/all/forwarding", 1);
      sysctl("bridge/bridge-nf-call-iptables", brNetfilter ? 1 : 0);
      sysctl("bridge/bridge-nf-call-ip6tables", brNetfilter ? 1 : 0);
    } catch (error) {
      await hosts[Symbol.asyncDispose]();
      throw error;
    }
    return hosts;
  }

  /** The machine beyond the uplink. It routes the containers' subnets, and by a trick 127.0.0.1, to the host. */
  async outside(): Promise<Machine> {
    const machine = await this.#machine();
    const { link } = UPLINK;
    run(`link add ${link} type veth peer name eth0 netns ${machine.pid}`);
    run(`address add ${UPLINK.host}/24 dev ${link}`);
    run(`-6 address add ${UPLINK.host6}/64 dev ${link} nodad`);
    run(`link set ${link} up`);
    await machine.ip(`address add ${UPLINK.outside}/24 dev eth0`);
    await machine.ip(`-6 address add ${UPLINK.outside6}/64 dev eth0 nodad`);
    await machine.ip("link set eth0 up");
    run(`address add ${UPLINK.second}/24 dev ${link}`);
    await machine.ip(`route add 172.16.0.0/12 via ${UPLINK.host}`);
    await machine.ip(`-6 route add fd00::/16 via ${UPLINK.host6}`);
    return machine;
  }

  bridge(name: string, address: string): void {
    // Its own hardware address: else it takes that of its lowest port, and changes it when a port comes.
    run(`link add ${name} address 02:00:00:00:00:${String(this.#links++).padStart(2, "0")} type bridge`);
    run(`address add ${address}/24 dev ${name}`);
    run(`-6 address add ${six(address)}/64 dev ${name} nodad`);
    run(`link set ${name} up`);
    sysctl(`ipv4/conf/${name}/route_localnet`, 1);
  }

  /** A container on a bridge, with the bridge as its default route, and the addresses' IPv6 twins. */
  async container(bridge: string, address: string, gateway: string): Promise<Machine> {
    const machine = await this.#machine();
    const link = `veth${this.#links++}`;
    run(`link add ${link} type veth peer name eth0 netns ${machine.pid}`);
    run(`link set ${link} master ${bridge} up`);
    run(`link set ${link} type bridge_slave hairpin on`);
    await machine.ip(`address add ${address}/24 dev eth0`);
    await machine.ip(`-6 address add ${six(address)}/64 dev eth0 nodad`);
    await machine.ip("link set eth0 up");
    await machine.ip(`route add default via ${gateway}`);
    await machine.ip(`-6 route add default via ${six(gateway)}`);
    return machine;
  }

  /** The host itself asks. */
  ask(address: string, port: number, protocol: "tcp" | "udp" = "tcp"): Promise<string> {
    return ask([], protocol, address, port, PATIENCE);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const machine of this.#machines.reverse()) await machine.stop();
    this.#network[Symbol.dispose]();
  }

  async #machine(): Promise<Machine> {
    const machine = await Machine.start();
    this.#machines.push(machine);
    return machine;
  }
}

/** Makes a machine send packets for 127.0.0.1 to a neighbour instead of to itself, as an attacker would. */
export async function misrouteLoopback(machine: Machine, gateway: string): Promise<void> {
  await machine.sysctl("net.ipv4.conf.all.route_localnet=1");
  await machine.ip("link set lo down");
  await machine.ip("address flush dev lo");
  await machine.ip(`route add 127.0.0.1/32 via ${gateway}`);
}

/** Ends {@link misrouteLoopback}. */
export async function restoreLoopback(machine: Machine, gateway: string): Promise<void> {
  await machine.ip(`route delete 127.0.0.1/32 via ${gateway}`);
  await machine.ip("link set lo up");
  await machine.ip("address replace 127.0.0.1/8 dev lo");
}

/** Runs iproute2 on the host. */
export function run(command: string): string {
  return ip(...command.split(" "));
}

export function sysctl(path: string, value: number): void {
  writeFileSync(`/proc/sys/net/${path}`, String(value));
}

async function ask(
  enter: readonly string[],
  protocol: string,
  address: string,
  port: number,
  milliseconds: number,
): Promise<string> {
  const question = ["ask", protocol, address, String(port), String(milliseconds)];
  const { stdout } = await runCommand([...enter, process.execPath, PEER, ...question]);
  return stdout.trim();
}

async function firstOutput(child: ChildProcess): Promise<void> {
  if (child.stdout === null) throw new Error("no output to wait for");
  await Promise.race([
    once(child.stdout, "data"),
    once(child, "exit").then(([code]) => {
      throw new Error(`${child.spawnargs.join(" ")} ended with ${code}`);
    }),
  ]);
}
