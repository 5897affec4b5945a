import type { CtrError } from "../../lib/errors.ts";
import { type Logger, silentLogger } from "../../lib/log.ts";
import type { PortBinding, Protocol, PublishedPort } from "../types.ts";
import { type EphemeralPorts, readEphemeralPorts } from "./ephemeral.ts";
import { alreadyAllocated, bindFailed, portsExhausted } from "./failures.ts";
import { groupBindings, isChoice, type PortGroup } from "./groups.ts";
import { holdPort, releaseHold, shareHold } from "./hold.ts";
import { ALL_ADDRESSES } from "./host-address.ts";
import { type HostPort, type PortHolder, PortTable } from "./port-table.ts";

export interface HostPortsOptions {
  readonly logger?: Logger;
  /** Asked once, at the first ephemeral port. The kernel's own by default. */
  readonly ephemeral?: () => EphemeralPorts;
}

/** A host port of a container, whatever it leads to. */
export type OwnedPort = Pick<PublishedPort, "protocol" | "hostIp" | "hostPort">;

interface Held extends HostPort {
  /** Undefined when no socket holds it, or a proxy's does. */
  readonly fd: number | undefined;
}

/**
 * The host's ports that containers publish. Each is held by a bound socket, so that programs of the host and
 * containers cannot take it from one another. Sockets belong to the network namespace of the thread that reserves.
 *
 * A port that a proxy listens on (see `paths.ts`) is first held like the others, so that `reserve` can answer at once;
 * then {@link handOver} lets the proxy's socket in beside ours and closes ours. From then on the data plane, which
 * outlives the engine, holds it: there is no moment at which nobody does.
 */
export class HostPorts implements Disposable {
  readonly #logger: Logger;
  readonly #readEphemeral: () => EphemeralPorts;
  readonly #table = new PortTable();
  /** Container → {@link keyOf} → port. */
  readonly #held = new Map<string, Map<string, Held>>();
  #ephemeral: EphemeralPorts | undefined;
  /** The ephemeral port that was handed out last, by protocol: the next one follows it. */
  readonly #last = new Map<Protocol, number>();

  constructor({ logger = silentLogger, ephemeral = readEphemeralPorts }: HostPortsOptions = {}) {
    this.#logger = logger;
    this.#readEphemeral = ephemeral;
  }

  /**
   * Takes all of the ports, or none. A container that has ports gets these in addition.
   * @param bindings each with one address, see {@link expandBindings}; an empty one stands for `0.0.0.0`
   * @returns in the order of `bindings`
   * @throws `system` with Docker's text: `CTR_PORT_ALLOCATED` when a container of ours has a port, `CTR_PORT_IN_USE`
   *   when the kernel refuses it, `CTR_PORTS_EXHAUSTED` when no port of a range is free
   */
  reserve(bindings: readonly PortBinding[], owner: PortHolder): PublishedPort[] {
    const taken: Held[] = [];
    const published: PublishedPort[] = [];
    try {
      for (const group of groupBindings(bindings)) {
        const held = this.#reserveGroup(group, owner, taken);
        for (const [place, index] of group.indexes.entries()) {
          const { protocol, containerPort, policy } = bindings[index] as PortBinding;
          const { hostIp, port: hostPort } = held[place] as Held;
          published[index] = { protocol, containerPort, hostIp, hostPort, ...(policy === undefined ? {} : { policy }) };
        }
      }
    } catch (error) {
      this.#letGo(taken);
      throw error;
    }
    this.#remember(owner, taken);
    return published;
  }

  /**
   * Takes ports again that a running container has had since before this process. A socket that cannot be bound any
   * more is logged and done without: the rules lead to the container all the same.
   * @param isProxied true for ports that a proxy listens on: its socket holds them, see {@link needsProxy}
   */
  restore(
    ports: readonly PublishedPort[],
    owner: PortHolder,
    isProxied: (port: PublishedPort) => boolean = () => false,
  ): void {
    const taken: Held[] = [];
    for (const port of ports) {
      // Of a routed network: no port of the host.
      if (port.hostPort === 0) continue;
      const wanted = { protocol: port.protocol, hostIp: port.hostIp || ALL_ADDRESSES, port: port.hostPort };
      if (this.#table.conflict(wanted)?.holder.containerId === owner.containerId) continue;
      taken.push({ ...wanted, fd: isProxied(port) ? undefined : this.#holdAgain(wanted, owner) });
      this.#table.take(wanted, owner);
    }
    this.#remember(owner, taken);
  }

  /**
   * Leaves ports to the proxies that `start` starts: theirs are held by their sockets from then on. Whole or nothing:
   * when `start` fails, ours hold them as before.
   * @throws what `start` throws
   */
  async handOver(containerId: string, ports: readonly OwnedPort[], start: () => Promise<void>): Promise<void> {
    const keys = ports.map(keyOf);
    this.#share(containerId, keys, true);
    try {
      await start();
    } catch (error) {
      this.#share(containerId, keys, false);
      throw error;
    }
    // Released meanwhile: then there is nothing to find.
    const held = this.#held.get(containerId);
    for (const key of keys) {
      const port = held?.get(key);
      if (port?.fd === undefined) continue;
      releaseHold(port.fd);
      held?.set(key, { ...port, fd: undefined });
    }
  }

  /**
   * Gives back ports of a container; ones that it does not have are fine. Take their rules and proxies away first.
   * @param ports all that it has when absent
   */
  release(containerId: string, ports?: readonly OwnedPort[]): void {
    const held = this.#held.get(containerId);
    if (held === undefined) return;
    const keys = ports === undefined ? [...held.keys()] : ports.map(keyOf);
    this.#letGo(keys.flatMap((key) => held.get(key) ?? []));
    for (const key of keys) held.delete(key);
    if (held.size === 0) this.#held.delete(containerId);
  }

  [Symbol.dispose](): void {
    for (const containerId of [...this.#held.keys()]) this.release(containerId);
  }

  #reserveGroup(group: PortGroup, owner: PortHolder, taken: Held[]): Held[] {
    let failure: CtrError | undefined;
    for (const port of this.#candidates(group)) {
      const wanted = group.addresses.map((hostIp) => ({ protocol: group.protocol, hostIp, port }));
      const held: Held[] = [];
      failure = this.#takeEach(wanted, owner, held);
      if (failure === undefined) {
        if (group.first === 0) this.#last.set(group.protocol, port);
        taken.push(...held);
        return held;
      }
      this.#letGo(held);
    }
    throw isChoice(group) || failure === undefined ? portsExhausted(group.first, group.last) : failure;
  }

  /** @param held gets what was taken, also on failure @returns why it could not go on */
  #takeEach(wanted: readonly HostPort[], owner: PortHolder, held: Held[]): CtrError | undefined {
    for (const port of wanted) {
      const conflict = this.#table.conflict(port);
      if (conflict !== undefined) return alreadyAllocated({ ...port, hostIp: conflict.hostIp }, conflict.holder);
      const result = holdPort(port.protocol, port.hostIp, port.port);
      if (!result.held) return bindFailed(port, result.errno);
      this.#table.take(port, owner);
      held.push({ ...port, fd: result.fd });
    }
    return undefined;
  }

  *#candidates({ protocol, first, last }: PortGroup): Generator<number> {
    if (first !== 0) {
      for (let port = first; port <= last; port++) yield port;
      return;
    }
    this.#ephemeral ??= this.#readEphemeral();
    const { range, reserved } = this.#ephemeral;
    const size = range.end - range.start + 1;
    const start = (this.#last.get(protocol) ?? range.end) + 1 - range.start;
    for (let step = 0; step < size; step++) {
      const port = range.start + ((start + step) % size);
      if (!reserved.some((part) => port >= part.start && port <= part.end)) yield port;
    }
  }

  #holdAgain(port: HostPort, owner: PortHolder): number | undefined {
    const result = holdPort(port.protocol, port.hostIp, port.port);
    if (result.held) return result.fd;
    this.#logger.warn(`Host port ${port.hostIp}:${port.port}/${port.protocol} of ${owner.containerName} is not held.`, {
      reason: result.errno,
    });
    return undefined;
  }

  #share(containerId: string, keys: readonly string[], isShared: boolean): void {
    const held = this.#held.get(containerId);
    for (const key of keys) {
      const fd = held?.get(key)?.fd;
      if (fd !== undefined) shareHold(fd, isShared);
    }
  }

  #remember({ containerId }: PortHolder, taken: readonly Held[]): void {
    if (taken.length === 0) return;
    const held = this.#held.get(containerId) ?? new Map<string, Held>();
    for (const port of taken) held.set(keyOf({ ...port, hostPort: port.port }), port);
    this.#held.set(containerId, held);
  }

  #letGo(held: readonly Held[]): void {
    for (const port of held) {
      if (port.fd !== undefined) releaseHold(port.fd);
      this.#table.free(port);
    }
  }
}

const keyOf = ({ protocol, hostIp, hostPort }: OwnedPort): string =>
  `${protocol} ${hostIp || ALL_ADDRESSES} ${hostPort}`;
