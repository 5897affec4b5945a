/**
 * A real engine with networks and containers in namespaces of its own, and a host outside behind a cable: where faults are
 * injected into.
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CommandOptions, CommandResult } from "../../lib/command.ts";
import { signalProcess } from "../../lib/system/process.ts";
import { TestEngine } from "../support/engine.ts";
import { PrivateHost } from "../support/private-host.ts";
import { waitFor } from "../support/wait.ts";
import type { Listener, Question, Zone } from "./agent.ts";
import { makePlan, type Plan } from "./plan.ts";

/** Where a command runs. Containers by their part in the {@link Plan}. */
export type Where = "host" | "outside" | ContainerPart;
export type ContainerPart = (typeof CONTAINERS)[number];

export const CONTAINERS = ["client", "server", "third", "far", "cell", "cell2", "inner"] as const;

const root = join(import.meta.dirname, "../..");
const NODE = "node_modules/node/bin/node";
const AGENT = "test/faults/agent.ts";
/** Where containers see the checkout. */
const MOUNTED = "/ctr";
const PID_FILE = "/tmp/listeners.pid";

interface Member {
  readonly id: string;
  readonly pid: string;
  readonly address4: string;
  readonly address6: string;
  readonly mac: string;
  /** The host's end of its cable. */
  readonly cable: string;
}

export class World implements AsyncDisposable {
  readonly plan: Plan;
  readonly engine: TestEngine;
  readonly outside: PrivateHost;
  readonly #members = new Map<ContainerPart, Member>();
  readonly #bridges = new Map<keyof Plan["networks"], string>();
  #engineRuns = true;
  #bridgeMac = "";

  private constructor(plan: Plan, engine: TestEngine, outside: PrivateHost) {
    this.plan = plan;
    this.engine = engine;
    this.outside = outside;
  }

  /** @param flags further ones of `ctrd` */
  static async build(seed: number, flags: readonly string[] = []): Promise<World> {
    const plan = makePlan(seed);
    const outside = await PrivateHost.start();
    try {
      const engine = await TestEngine.start({ flags, prepare: (host) => prepareHost(plan, host, outside) });
      const world = new World(plan, engine, outside);
      try {
        await world.#populate();
        return world;
      } catch (error) {
        await engine[Symbol.asyncDispose]();
        throw error;
      }
    } catch (error) {
      await outside[Symbol.asyncDispose]();
      throw error;
    }
  }

  member(part: ContainerPart): Member {
    const member = this.#members.get(part);
    if (member === undefined) throw new Error(`there is no ${part}`);
    return member;
  }

  bridge(network: keyof Plan["networks"]): string {
    return this.#bridges.get(network) ?? "";
  }

  /** Of the bridge of client and server. */
  get bridgeMac(): string {
    return this.#bridgeMac;
  }

  get engineRuns(): boolean {
    return this.#engineRuns;
  }

  /** Ends the engine as a crash does; containers and the data plane go on. */
  async killEngine(): Promise<void> {
    await this.engine.stopDaemon("SIGKILL");
    this.#engineRuns = false;
  }

  async startEngine(): Promise<void> {
    if (this.#engineRuns) return;
    await this.engine.startDaemon();
    this.#engineRuns = true;
  }

  /** Runs a shell script with the host's programs in the network namespace of a place. @throws unless it exits with 0 */
  async shell(where: Where, script: string, options: CommandOptions = {}): Promise<string> {
    return (await this.run(where, ["sh", "-ec", script], { expect: [0], ...options })).stdout.trim();
  }

  /** As {@link shell}, with the container's files and processes, too. */
  async inside(part: ContainerPart, script: string): Promise<string> {
    const argv = ["nsenter", "-t", this.member(part).pid, "-m", "-n", "-p", "--", "/bin/sh", "-ec", script];
    return (await this.engine.host.run(argv, { expect: [0] })).stdout.trim();
  }

  run(where: Where, argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const [host, all] = this.#argv(where, argv);
    return host.run(all, options);
  }

  /** Starts one of the agent's verbs that goes on, see {@link spawn}. */
  spawnAgent(where: Where, ...args: readonly string[]): Promise<ChildProcess> {
    return this.spawn(where, [join(root, NODE), join(root, AGENT), ...args]);
  }

  /** Starts a program that goes on, and waits until it says that it is ready. End it with {@link endAgent}. */
  spawn(where: Where, argv: readonly string[]): Promise<ChildProcess> {
    const [host, all] = this.#argv(where, argv);
    return spawnReady(host, all);
  }

  /** @returns the answer, an error's code or `silence` */
  async ask(where: Where, question: Question): Promise<string> {
    const json = JSON.stringify(question);
    const options = { timeout: question.patience + 20_000 };
    if (where === "host" || where === "outside")
      return (await this.run(where, [join(root, NODE), join(root, AGENT), "ask", json], options)).stdout.trim();
    const program = [`${MOUNTED}/${NODE}`, `${MOUNTED}/${AGENT}`, "ask", json];
    const argv = ["nsenter", "-t", this.member(where).pid, "-m", "-n", "--", ...program];
    return (await this.engine.host.run(argv, options)).stdout.trim();
  }

  async pause(part: ContainerPart, paused: boolean): Promise<void> {
    const verb = paused ? "pause" : "unpause";
    const { status, body } = await this.engine.api("POST", `/containers/${this.member(part).id}/${verb}`);
    if (status !== 204) throw new Error(`${verb}: ${status} ${body}`);
  }

  /** Starts listeners in a container, as a program of it. */
  async listen(part: ContainerPart, listeners: readonly Listener[]): Promise<void> {
    const program = [`${MOUNTED}/${NODE}`, `${MOUNTED}/${AGENT}`, "serve"];
    const withFile = listeners.map((listener) => ({ ...listener, pidFile: PID_FILE }));
    await this.engine.ctrOutput("exec", "-d", this.plan[part], ...program, JSON.stringify(withFile));
    await waitFor("the listeners", async () => (await this.listenersPid(part)) !== undefined);
  }

  /** Those that the server has when all is well. */
  listenAsUsual(): Promise<void> {
    const { tcp, udp } = this.plan.ports;
    return this.listen("server", [
      { protocol: "tcp", address: "::", port: tcp },
      { protocol: "udp", address: "::", port: udp },
    ]);
  }

  async endListeners(part: ContainerPart): Promise<void> {
    const file = PID_FILE;
    await this.inside(part, `[ ! -f ${file} ] || { kill -9 $(cat ${file}) 2>/dev/null || true; rm -f ${file}; }`);
  }

  /** As the host counts. */
  async listenersPid(part: ContainerPart): Promise<number | undefined> {
    const inner = await this.inside(part, `cat ${PID_FILE} 2>/dev/null || true`);
    if (inner === "") return undefined;
    const { id } = this.member(part);
    const top = (
      await this.engine.api("GET", `/containers/${id}/top?ps_args=-eo pid,args`.replaceAll(" ", "%20"))
    ).json<{
      Processes: string[][];
    }>();
    const line = top.Processes.find((columns) => columns.join(" ").includes("agent.ts serve"));
    return line === undefined ? undefined : Number(line[0]);
  }

  /** The companion process of this engine, where there is one. */
  dataPlanePid(): number | undefined {
    const mounts = readlinkSync(this.engine.host.mountNamespace);
    const pid = readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .find((name) => commandLineOf(name).startsWith("ctr-dataplane") && mountNamespaceOf(name) === mounts);
    return pid === undefined ? undefined : Number(pid);
  }

  signalDataPlane(signal: NodeJS.Signals): void {
    const pid = this.dataPlanePid();
    if (pid !== undefined) signalProcess(pid, signal);
  }

  /** What the outside's name server answers from now on. */
  setZone(change: Partial<Zone> = {}): void {
    writeFileSync(zoneFile(this.outside), JSON.stringify({ ...usualZone(this.plan), ...change }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.engine[Symbol.asyncDispose]();
    } finally {
      await this.outside[Symbol.asyncDispose]();
    }
  }

  #argv(where: Where, argv: readonly string[]): [PrivateHost, readonly string[]] {
    if (where === "outside") return [this.outside, argv];
    if (where === "host") return [this.engine.host, argv];
    return [this.engine.host, ["nsenter", "-t", this.member(where).pid, "-n", "--", ...argv]];
  }

  async #populate(): Promise<void> {
    const { plan, engine } = this;
    const { networks, subnets, ports } = plan;
    const create = (...argv: readonly string[]) => engine.ctrOutput("network", "create", ...argv);
    await create("--subnet", subnets.front4, "--subnet", subnets.front6, "--ipv6", networks.front);
    await create("--subnet", subnets.back4, networks.back);
    await create("--subnet", subnets.closed4, "-o", "com.docker.network.bridge.enable_icc=false", networks.closed);
    await create("--subnet", subnets.internal4, "--internal", networks.internal);
    const published = [
      `${ports.publishedTcp}:${ports.tcp}`,
      `${ports.publishedUdp}:${ports.udp}/udp`,
      `127.0.0.1:${ports.publishedLocal}:${ports.tcp}`,
      `${ports.publishedWrong}:${ports.tcp + 1}`,
    ].flatMap((port) => ["-p", port]);
    await this.#start("client", "front");
    await this.#start("server", "front", ...published);
    await this.#start("third", "front");
    await this.#start("far", "back");
    await this.#start("cell", "closed");
    await this.#start("cell2", "closed");
    await this.#start("inner", "internal");
    for (const network of Object.keys(networks) as (keyof Plan["networks"])[]) await this.#noteBridge(network);
    const link = await this.shell("host", `ip -o link show ${this.bridge("front")}`);
    this.#bridgeMac = /ether (\S+)/.exec(link)?.[1] ?? "";
    await this.listenAsUsual();
    await this.listen("cell2", [{ protocol: "tcp", address: "0.0.0.0", port: ports.tcp }]);
  }

  async #start(part: ContainerPart, network: keyof Plan["networks"], ...flags: readonly string[]): Promise<void> {
    const { plan, engine } = this;
    const libraries = ["/lib", "/lib64", "/usr/lib"].flatMap((path) => ["-v", `${path}:${path}:ro`]);
    const mounts = ["-v", `${root}:${MOUNTED}:ro`, ...libraries];
    const name = plan[part];
    const argv = ["run", "-d", "--name", name, "--network", plan.networks[network], ...flags, ...mounts];
    await engine.ctrOutput(...argv, "busybox", "sleep", "1000000");
    const [inspected] = JSON.parse(await engine.ctrOutput("inspect", name)) as [Inspected];
    const endpoint = Object.values(inspected.NetworkSettings.Networks)[0];
    if (endpoint === undefined) throw new Error(`${name} is on no network`);
    this.#members.set(part, {
      id: inspected.Id,
      pid: String(inspected.State.Pid),
      address4: endpoint.IPAddress,
      address6: endpoint.GlobalIPv6Address,
      mac: endpoint.MacAddress,
      cable: `veth${endpoint.EndpointID.slice(0, 7)}`,
    });
  }

  async #noteBridge(network: keyof Plan["networks"]): Promise<void> {
    const { Id } = JSON.parse(await this.engine.ctrOutput("network", "inspect", this.plan.networks[network]))[0];
    this.#bridges.set(network, `br-${Id.slice(0, 12)}`);
  }
}

interface Inspected {
  readonly Id: string;
  readonly State: { readonly Pid: number };
  readonly NetworkSettings: {
    readonly Networks: Readonly<
      Record<
        string,
        {
          readonly EndpointID: string;
          readonly IPAddress: string;
          readonly GlobalIPv6Address: string;
          readonly MacAddress: string;
        }
      >
    >;
  };
}

function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    // It ended meanwhile.
    return "";
  }
}

function mountNamespaceOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return undefined;
  }
}

const zoneFile = (outside: PrivateHost): string => join(outside.directory, "zone.json");

const usualZone = (plan: Plan): Zone => ({
  names: {
    [plan.outsideName]: [plan.outside4, plan.outside6],
    [plan.outsideName6]: [plan.outside6],
  },
});

/** The cable, the outside's servers, and the host's resolv.conf. */
async function prepareHost(plan: Plan, host: PrivateHost, outside: PrivateHost): Promise<void> {
  const { uplink, cable, host4, host6, gateway4, gateway6, outside4, outside6, ports } = plan;
  const script = `
    sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0 net.ipv6.conf.lo.disable_ipv6=0
    ip link add ${uplink} type veth peer ${cable} netns ${outside.networkNamespace}
    ip addr add ${host4}/24 dev ${uplink}; ip addr add ${host6}/64 dev ${uplink} nodad
    ip link set ${uplink} up
    ip route add default via ${gateway4}; ip -6 route add default via ${gateway6}
    echo nameserver ${gateway4} > ${host.directory}/resolv.conf
    mount --bind ${host.directory}/resolv.conf /etc/resolv.conf`;
  await host.output(["sh", "-ec", script]);
  const beyond = `
    sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0 net.ipv6.conf.lo.disable_ipv6=0
    ip addr add ${gateway4}/24 dev ${cable}; ip addr add ${gateway6}/64 dev ${cable} nodad
    ip addr add ${outside4}/32 dev lo; ip addr add ${outside6}/128 dev lo nodad
    ip link set ${cable} up`;
  await outside.output(["sh", "-ec", beyond]);
  writeFileSync(zoneFile(outside), JSON.stringify(usualZone(plan)));
  const agent = (...args: readonly string[]) => spawnReady(outside, [join(root, NODE), join(root, AGENT), ...args]);
  // Answers of UDP come from the address that was asked only when the socket is bound to it.
  const listeners: Listener[] = [
    { protocol: "tcp", address: "::", port: ports.outside },
    { protocol: "udp", address: outside4, port: ports.outside },
    { protocol: "udp", address: outside6, port: ports.outside },
  ];
  await agent("names", zoneFile(outside), gateway4);
  await agent("serve", JSON.stringify(listeners));
}

async function spawnReady(host: PrivateHost, argv: readonly string[]): Promise<ChildProcess> {
  const child = host.spawn(argv);
  if (child.stdout === null) throw new Error("no output");
  await Promise.race([
    once(child.stdout, "data"),
    once(child, "exit").then(() => Promise.reject(new Error(`${argv.join(" ")} ended`))),
  ]);
  return child;
}

/** @param child one of {@link World.spawnAgent} */
export async function endAgent(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = once(child, "exit");
  signalProcess(child.pid, "SIGKILL");
  await gone;
}
