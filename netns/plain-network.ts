/** A network without an engine: namespaces on a bridge, with NAT and published ports. */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureBridge, removeBridge } from "./drivers/bridge-device.ts";
import { configureInterface, requireLink, takeLoopbackUp } from "./drivers/veth.ts";
import { type Firewall, openFirewall } from "./firewall/index.ts";
import {
  addressOf,
  type Cidr,
  formatAddress,
  formatCidr,
  onSubnet,
  parseAddress,
  parseCidr,
  subnetOf,
} from "./ipam/ip.ts";
import { generateMac } from "./ipam/mac.ts";
import { createNamespace, enterNetworkNamespace, removeNamespace } from "./namespace.ts";
import { createVethPair } from "./netlink/link.ts";
import { NetlinkSocket } from "./netlink/transport.ts";
import { setSysctl } from "./sysctl.ts";
import type { Protocol } from "./types.ts";

/** Bytes: Ethernet's. */
const MTU = 1500;

export interface PlainNetworkOptions {
  /** Name of the bridge, at most 15 characters. */
  readonly bridge: string;
  /** The bridge's own address, with the length of the prefix: `10.99.0.1/24`. */
  readonly gateway: string;
}

export interface PlainPort {
  readonly hostPort: number;
  readonly to: PlainNamespace;
  readonly port: number;
  /** Default `tcp`. */
  readonly protocol?: Protocol;
}

/** A network namespace with one interface, `eth0`. */
export interface PlainNamespace {
  /** Also of the cable's end on the bridge. */
  readonly name: string;
  readonly address: string;
  /** What `nsenter --net=PATH` takes. */
  readonly path: string;
  /** Starts a program inside; see spawn in node:child_process. */
  spawn(command: string, args: readonly string[], options?: SpawnOptions): ChildProcess;
}

/**
 * Works in the network namespace of the calling process and has the firewall's table `inet ctr` there for itself, so it is
 * not for one in which an engine runs. Nothing is stored: what a program that was killed leaves is for `ip link delete`.
 */
export class PlainNetwork implements Disposable {
  readonly #bridge: string;
  readonly #gateway: Cidr;
  readonly #directory: string;
  readonly #netlink: NetlinkSocket;
  readonly #firewall: Firewall;
  readonly #undo: DisposableStack;

  /**
   * Makes a bridge that routes, and the rules for it.
   * @throws `invalid` for a bad address, `conflict` when another has the bridge's name; nothing is left behind
   */
  constructor({ bridge, gateway }: PlainNetworkOptions) {
    this.#bridge = bridge;
    this.#gateway = parseCidr(gateway);
    using undo = new DisposableStack();
    this.#directory = mkdtempSync(join(tmpdir(), "ctr-network-"));
    undo.defer(() => rmSync(this.#directory, { recursive: true }));
    this.#netlink = undo.use(NetlinkSocket.open());
    takeLoopbackUp(this.#netlink);
    this.#makeBridge(undo);
    this.#firewall = this.#makeRules(undo);
    this.#undo = undo.move();
  }

  /**
   * Makes a namespace and lays a cable from it to the bridge.
   * @param name of the cable's end on the bridge, at most 15 characters
   * @param address on the network's subnet, without the prefix
   * @throws `invalid`, `NetlinkError`; nothing is left behind
   */
  addNamespace(name: string, address: string): PlainNamespace {
    const own = onSubnet(parseAddress(address), subnetOf(this.#gateway));
    const path = join(this.#directory, name);
    using undo = new DisposableStack();
    using inside = createNamespace(path, () => NetlinkSocket.open());
    undo.defer(() => removeNamespace(path));
    this.#layCable(path, name);
    takeLoopbackUp(inside);
    configureInterface(inside, { name: "eth0", addresses: [own], gateways: [addressOf(this.#gateway)] });
    this.#undo.use(undo.move());
    return {
      ...{ name, path, address: formatAddress(addressOf(own)) },
      spawn: (command, args, options = {}) => enterNetworkNamespace(path, () => spawn(command, args, options)),
    };
  }

  /** Leads a port of the host into a namespace. @throws `invalid`; `conflict` for a port that leads elsewhere */
  publish({ hostPort, to, port, protocol = "tcp" }: PlainPort): void {
    const hostIp = to.address.includes(":") ? "::" : "";
    const published = { protocol, hostIp, hostPort, address: to.address, containerPort: port, owner: to.name };
    this.#firewall.publish([published]);
    this.#undo.defer(() => this.#firewall.unpublish([published]));
  }

  /** Takes everything away. Programs inside of the namespaces go on without a network. */
  [Symbol.dispose](): void {
    this.#undo.dispose();
  }

  #makeBridge(undo: DisposableStack): void {
    const name = this.#bridge;
    const networkId = randomBytes(32).toString("hex");
    ensureBridge(this.#netlink, { name, mtu: MTU, networkId, addresses: [this.#gateway] });
    undo.defer(() => removeBridge(this.#netlink, name, networkId));
    setSysctl(this.#gateway.family === 4 ? "net/ipv4/ip_forward" : "net/ipv6/conf/all/forwarding", "1");
  }

  #makeRules(undo: DisposableStack): Firewall {
    const warn = (message: string): void => console.warn(message);
    const firewall = undo.use(openFirewall({ logger: { debug() {}, info() {}, warn, error: warn } }));
    const subnet = formatCidr(subnetOf(this.#gateway));
    firewall.ensure();
    firewall.addNetwork({
      ...{ bridge: this.#bridge, internal: false, icc: true },
      ...(this.#gateway.family === 4 ? { subnet4: subnet } : { subnet6: subnet }),
    });
    undo.defer(() => firewall.removeNetwork(this.#bridge));
    return firewall;
  }

  #layCable(path: string, name: string): void {
    const { index: master } = requireLink(this.#netlink, this.#bridge);
    const namespaceFd = openSync(path, "r");
    try {
      const peer = { name: "eth0", macAddress: generateMac(), namespaceFd };
      createVethPair(this.#netlink, { name, mtu: MTU, master, peer });
    } finally {
      closeSync(namespaceFd);
    }
  }
}
