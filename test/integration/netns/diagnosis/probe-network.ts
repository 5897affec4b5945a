/**
 * Two containers `web` and `api` on the bridge `ctr0` of a host, and a host `outside` on a cable: 10.7.0.2, 10.7.0.3,
 * 192.0.2.2. The test's thread is in the host's namespace while it lives. The rules are as simple as they can be.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import {
  createNamespace,
  enterNetworkNamespace,
  type Flow,
  HOST,
  type IntendedContainer,
  type IntendedSettings,
  SnapshotView,
  takeSnapshot,
} from "../../../../netns/index.ts";
import { PrivateNetwork } from "../private-network.ts";
import { run } from "./topology.ts";

const PEER = join(import.meta.dirname, "../firewall-peer.ts");
export const API = "10.7.0.3";
export const OUTSIDE_ADDRESS = "192.0.2.2";
export const HOST_ADDRESS = "192.0.2.1";

const RULES = `
  table inet ctr {
    chain prerouting { type nat hook prerouting priority dstnat; policy accept
      fib daddr type local tcp dport 8080 dnat ip to ${API}:80
    }
    chain postrouting { type nat hook postrouting priority srcnat; policy accept
      ip saddr 10.7.0.0/24 oifname != "ctr0" masquerade
    }
    chain forward { type filter hook forward priority filter; policy drop
      ct state established,related accept
      iifname "ctr0" accept
      ct status dnat accept
    }
  }`;

export class ProbeNetwork implements Disposable {
  readonly #network = PrivateNetwork.enter();
  readonly #programs: ChildProcess[] = [];

  constructor() {
    for (const name of ["web", "api", "outside"]) createNamespace(this.#network.namespace(name), () => {});
    run("ip link add ctr0 type bridge");
    run("ip address add 10.7.0.1/24 dev ctr0");
    run("ip link set ctr0 up");
    run("sysctl -qw net.ipv4.ip_forward=1");
    this.#connect("web", "10.7.0.2/24", "10.7.0.1");
    this.#connect("api", `${API}/24`, "10.7.0.1");
    this.#connect("outside", `${OUTSIDE_ADDRESS}/24`);
    for (const container of ["web", "api"]) run(`ip link set v-${container} master ctr0`);
    run(`ip address add ${HOST_ADDRESS}/24 dev v-outside`);
    this.nft(RULES);
  }

  /** Files of the containers' namespaces; the host's is the thread's. */
  get namespaces(): ReadonlyMap<string, string> {
    return new Map(["web", "api"].map((name) => [name, this.#network.namespace(name)]));
  }

  /** The state as it is now. */
  view(): SnapshotView {
    return viewOf(this.namespaces);
  }

  nft(script: string): void {
    execFileSync("nft", ["-f", "-"], { input: script, stdio: ["pipe", "pipe", "pipe"] });
  }

  /** Names of all tables of a place. */
  tables(place: string): string[] {
    return this.in(place, () => execFileSync("nft", ["list", "tables"], { encoding: "utf8" }))
      .split("\n")
      .filter(Boolean);
  }

  in<T>(place: string, body: () => T): T {
    const path = this.#network.namespace(place);
    return (place === HOST ? body() : enterNetworkNamespace(path, body as never)) as T;
  }

  /** Answers over TCP and UDP on a port. */
  async serve(place: string, port: number): Promise<void> {
    const server = this.start(place, [process.execPath, PEER, "serve", place, String(port)]);
    if (server.stdout === null) throw new Error("no output");
    await once(server.stdout, "data");
  }

  /** @returns the answer */
  async ask(place: string, address: string, port: number): Promise<string> {
    const client = this.start(place, [process.execPath, PEER, "ask", "tcp", address, String(port), "5000"]);
    if (client.stdout === null) throw new Error("no output");
    const [answer] = (await once(client.stdout, "data")) as [Buffer];
    return answer.toString().trim();
  }

  /** A program that is ended with the network. */
  start(place: string, [program = "", ...args]: readonly string[]): ChildProcess {
    const child = this.in(place, () => ({
      child: spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] }),
    })).child;
    this.#programs.push(child);
    return child;
  }

  [Symbol.dispose](): void {
    for (const program of this.#programs) program.kill("SIGKILL");
    this.#network[Symbol.dispose]();
  }

  /** The host's end is `v-NAME`. */
  #connect(name: string, address: string, gateway?: string): void {
    run(`ip link add v-${name} type veth peer name eth0 netns ${this.#network.namespace(name)}`);
    run(`ip link set v-${name} up`);
    this.in(name, () => {
      for (const link of ["lo", "eth0"]) run(`ip link set ${link} up`);
      run(`ip address add ${address} dev eth0`);
      if (gateway !== undefined) run(`ip route add default via ${gateway}`);
    });
  }
}

/** With the host that the thread is in. */
export function viewOf(namespaces: ReadonlyMap<string, string>): SnapshotView {
  const settings: IntendedSettings = {
    ...{ ipForward: true, iptables: true, ip6tables: true, firewallBackend: "nftables" as const },
    ...{ userlandProxy: true, icc: true },
  };
  const snapshot = takeSnapshot({
    intent: { networks: [], grants: [], containers: [container("web"), container("api", 8080)], settings },
    programs: {},
    ctrVersion: "test",
    namespacePaths: namespaces,
  });
  return new SnapshotView(snapshot);
}

const container = (name: string, hostPort?: number): IntendedContainer => ({
  ...{ id: name, name, running: true, paused: false, networkMode: "bridge", namespace: name, pid: undefined },
  ...{ endpoints: [], exposed: [], dns: {} },
  ports: hostPort === undefined ? [] : [{ protocol: "tcp", containerPort: 80, hostIp: "0.0.0.0", hostPort }],
});

export const flow = (from: string, destination: string, destinationPort: number, more: Partial<Flow> = {}): Flow => ({
  ...{ from, source: "", destination, family: destination.includes(":") ? 6 : 4, protocol: "tcp", destinationPort },
  ...{ sourcePort: 0, size: undefined, to: undefined, fromText: from, toText: `${destination}:${destinationPort}` },
  ...more,
});
