import { type CtrError, systemFailure } from "../../lib/errors.ts";
import { type Logger, silentLogger } from "../../lib/log.ts";
import type { PortBinding, Protocol, PublishedPort } from "../types.ts";
import { type EphemeralPorts, readEphemeralPorts } from "./ephemeral.ts";
import { holdPort, releaseHold } from "./hold.ts";
import { ALL_ADDRESSES, type HostPort, type PortHolder, PortTable } from "./port-table.ts";

export interface HostPortsOptions {
  readonly logger?: Logger;
  /** Asked once, at the first ephemeral port. The kernel's own by default. */
  readonly ephemeral?: () => EphemeralPorts;
}

interface Held extends HostPort {
  readonly fd: number | undefined;
}

/** Bindings of one container port on several addresses, which get one and the same host port. */
interface Group {
  readonly protocol: Protocol;
  readonly addresses: string[];
  readonly first: number;
  readonly last: number;
  /** Places in the caller's list. */
  readonly indexes: number[];
}

/**
 * The host's ports that containers publish. Each is held by a bound socket, so that programs of the host and
 * containers cannot take it from one another. Sockets belong to the network namespace of the thread that reserves.
 */
export class HostPorts implements Disposable {
  readonly #logger: Logger;
  readonly #readEphemeral: () => EphemeralPorts;
  readonly #table = new PortTable();
  readonly #held = new Map<string, Held[]>();
  #ephemeral: EphemeralPorts | undefined;
  /** The ephemeral port that was handed out last, by protocol: the next one follows it. */
  readonly #last = new Map<Protocol, number>();

  constructor({ logger = silentLogger, ephemeral = readEphemeralPorts }: HostPortsOptions = {}) {
    this.#logger = logger;
    this.#readEphemeral = ephemeral;
  }

  /**
   * Takes all of the ports, or none.
   * @param bindings with IPv4 addresses; an empty one stands for all
   * @returns in the order of `bindings`; `hostIp` of all addresses is `0.0.0.0`
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
          const { protocol, containerPort } = bindings[index] as PortBinding;
          const { hostIp, port: hostPort } = held[place] as Held;
          published[index] = { protocol, containerPort, hostIp, hostPort };
        }
      }
    } catch (error) {
      this.#letGo(taken);
      throw error;
    }
    if (taken.length > 0) this.#held.set(owner.containerId, [...(this.#held.get(owner.containerId) ?? []), ...taken]);
    return published;
  }

  /**
   * Takes ports again that a running container has had since before this process. A socket that cannot be bound any
   * more is logged and done without: the rules lead to the container all the same.
   */
  restore(ports: readonly PublishedPort[], owner: PortHolder): void {
    const held = this.#held.get(owner.containerId) ?? [];
    for (const { protocol, hostIp, hostPort: port } of ports) {
      const wanted: HostPort = { protocol, hostIp: hostIp || ALL_ADDRESSES, port };
      if (this.#table.conflict(wanted)?.holder.containerId === owner.containerId) continue;
      const result = holdPort(protocol, wanted.hostIp, port);
      if (!result.held) {
        this.#logger.warn(`Host port ${wanted.hostIp}:${port}/${protocol} of ${owner.describe} is not held.`, {
          reason: result.errno,
        });
      }
      held.push({ ...wanted, fd: result.held ? result.fd : undefined });
      this.#table.take(wanted, owner);
    }
    if (held.length > 0) this.#held.set(owner.containerId, held);
  }

  /** Gives back all ports of a container; one that has none is fine. Take its rules away first. */
  release(containerId: string): void {
    this.#letGo(this.#held.get(containerId) ?? []);
    this.#held.delete(containerId);
  }

  [Symbol.dispose](): void {
    for (const containerId of [...this.#held.keys()]) this.release(containerId);
  }

  #reserveGroup(group: Group, owner: PortHolder, taken: Held[]): Held[] {
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
    throw group.first !== 0 && group.first === group.last && failure !== undefined ? failure : exhausted(group);
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

  *#candidates({ protocol, first, last }: Group): Generator<number> {
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

  #letGo(held: readonly Held[]): void {
    for (const port of held) {
      if (port.fd !== undefined) releaseHold(port.fd);
      this.#table.free(port);
    }
  }
}

/** Ports that the user named come first, so that no ephemeral one takes them. */
function groupBindings(bindings: readonly PortBinding[]): Group[] {
  const groups: Group[] = [];
  const choices = new Map<string, Group>();
  for (const [index, binding] of bindings.entries()) {
    const { protocol, containerPort, hostPort: first, hostPortEnd: last = first } = binding;
    const address = binding.hostIp || ALL_ADDRESSES;
    const key = `${protocol} ${containerPort} ${first} ${last}`;
    const partner = choices.get(key);
    if (partner !== undefined && canShare(partner.addresses, address)) {
      partner.addresses.push(address);
      partner.indexes.push(index);
      continue;
    }
    const group: Group = { protocol, addresses: [address], first, last, indexes: [index] };
    groups.push(group);
    if (isChoice(group)) choices.set(key, group);
  }
  const rank = (group: Group): number => (group.first === 0 ? 2 : isChoice(group) ? 1 : 0);
  return groups.sort((a, b) => rank(a) - rank(b));
}

/** One port number can be on several addresses, but not on all of them and on a specific one. */
const canShare = (addresses: readonly string[], address: string): boolean =>
  address !== ALL_ADDRESSES && !addresses.includes(address) && !addresses.includes(ALL_ADDRESSES);

const isChoice = ({ first, last }: Group): boolean => first === 0 || last > first;

function alreadyAllocated({ protocol, hostIp, port }: HostPort, holder: PortHolder): CtrError {
  return systemFailure(`Bind for ${hostIp}:${port} failed: port is already allocated`, {
    code: "CTR_PORT_ALLOCATED",
    hint: `port ${port}/${protocol} is published by ${holder.describe}`,
  });
}

/** The words of Go's syscall package, which Docker's messages end with. */
const GO_TEXTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "cannot assign requested address",
  EACCES: "permission denied",
  EMFILE: "too many open files",
  ENFILE: "too many open files in system",
};

function bindFailed({ protocol, hostIp, port }: HostPort, errno: string): CtrError {
  const text = GO_TEXTS[errno] ?? errno;
  return systemFailure(`failed to bind host port ${hostIp}:${port}/${protocol}: ${text}`, {
    code: "CTR_PORT_IN_USE",
    hint: hintFor(errno, protocol, port),
  });
}

function hintFor(errno: string, protocol: Protocol, port: number): string | undefined {
  if (errno === "EADDRINUSE") return `ss -Hlnp${protocol === "udp" ? "u" : "t"} sport = :${port} shows who has it`;
  if (errno === "EADDRNOTAVAIL") return "ip address shows the addresses of this host";
  return undefined;
}

function exhausted({ first, last }: Group): CtrError {
  return systemFailure("all ports are allocated", {
    code: "CTR_PORTS_EXHAUSTED",
    hint: first === 0 ? "widen net.ipv4.ip_local_port_range" : `no host port from ${first} to ${last} is free`,
  });
}
