/**
 * Reads the kernel's state of the host's and all containers' network namespaces, in this process: each is entered by a thread
 * and left again. Two to four milliseconds a container.
 */
import { release } from "node:os";
import { NetlinkSocket } from "../../netlink/transport.ts";
import {
  HOST,
  type Intent,
  type NamespaceState,
  type NotRead,
  type ProgramState,
  SNAPSHOT_SCHEMA,
  type Snapshot,
} from "../types/index.ts";
import { readFileBelow } from "./files.ts";
import type { ReadState } from "./namespace.ts";
import { NamespaceReading } from "./namespace-reading.ts";
import { connectLinks, namespaceId } from "./other-ends.ts";
import { findHolders } from "./processes.ts";

export interface SnapshotOptions {
  readonly intent: Intent;
  readonly programs: Readonly<Record<string, ProgramState>>;
  /** Files of the containers' network namespaces, by key. The host's is the one that this is called in. */
  readonly namespacePaths: ReadonlyMap<string, string>;
  /** Begun before, with the same intent and paths; it is closed. */
  readonly reading?: NamespaceReading;
  readonly ctrVersion: string;
  /** What could not be read of the intent and the programs. */
  readonly notRead?: readonly NotRead[];
}

/**
 * Never fails for a namespace that vanishes meanwhile: that is told in {@link Snapshot.notRead}. Needs root. The thread is
 * held for as long as it takes, so an engine leaves it to a process of its own.
 */
export function takeSnapshot(options: SnapshotOptions): Snapshot {
  const { intent, programs, namespacePaths, ctrVersion } = options;
  const takenAt = new Date().toISOString();
  using reading = options.reading ?? new NamespaceReading({ intent, namespacePaths });
  const readings = reading.finish();
  const namespaces = complete(
    readings.flatMap(({ state }) => state ?? []),
    reading.descriptors,
    intent,
  );
  const missing = readings.flatMap(({ key, missing }) =>
    missing.map(({ what, why }) => missingOf(key, intent, what, why)),
  );
  return {
    schema: SNAPSHOT_SCHEMA,
    takenAt,
    kernel: release(),
    ctrVersion,
    intent,
    namespaces,
    programs,
    notRead: [...(options.notRead ?? []), ...missing],
  };
}

const missingOf = (place: string, intent: Intent, what: string, why: string): NotRead => ({
  what: `${what} of ${nameOf(place, intent)}`,
  why,
  place,
});

const nameOf = (key: string, intent: Intent): string =>
  intent.containers.find(({ id }) => id === key)?.name ?? (key === HOST ? "the host" : key);

function complete(
  read: readonly ReadState[],
  descriptors: ReadonlyMap<string, number>,
  intent: Intent,
): NamespaceState[] {
  const hostIds = new Map(read.map(({ key, hostId }) => [key, hostId]));
  const known = new HostNumbers(descriptors);
  const links = connectLinks(read, (key, id) =>
    key === HOST ? known.keyOf(id) : hostIds.get(key) === id ? HOST : undefined,
  );
  const sockets = read.flatMap((state) => state.sockets.map(({ inode }) => inode)).filter((inode) => inode !== 0);
  const holders = findHolders(sockets, new Set(read.map(({ inode }) => inode)));
  return read.map(({ hostId: _, ...state }) => ({
    ...state,
    links: links.get(state.key) ?? [],
    sockets: state.sockets.map((socket) => ({ ...socket, process: holders.get(socket.inode) })),
    ...filesOf(state.key, intent),
  }));
}

/** The host's numbers of the containers' namespaces: one question each, so they are asked only where it matters. */
class HostNumbers {
  readonly #descriptors: ReadonlyMap<string, number>;
  #keys: ReadonlyMap<number, string> | undefined;

  constructor(descriptors: ReadonlyMap<string, number>) {
    this.#descriptors = descriptors;
  }

  keyOf(id: number): string | undefined {
    this.#keys ??= this.#ask();
    return this.#keys.get(id);
  }

  #ask(): ReadonlyMap<number, string> {
    using netlink = NetlinkSocket.open();
    const keys = new Map<number, string>();
    for (const [key, descriptor] of this.#descriptors) {
      const id = key === HOST ? undefined : namespaceId(netlink, descriptor);
      if (id !== undefined) keys.set(id, key);
    }
    return keys;
  }
}

/** The engine's own for the host; a container's from the root of one of its processes. */
function filesOf(key: string, intent: Intent): Pick<NamespaceState, "resolvConf" | "hosts" | "nameSources"> {
  const root = key === HOST ? "" : rootOf(key, intent);
  const read = (path: string) => (root === undefined ? undefined : readFileBelow(root, path));
  const nameSources = /^\s*(hosts:[^#\n]*)/m.exec(read("/etc/nsswitch.conf") ?? "")?.[1]?.trim();
  return {
    ...{ resolvConf: read("/etc/resolv.conf"), hosts: read("/etc/hosts") },
    ...(nameSources === undefined ? {} : { nameSources }),
  };
}

/** Of the owner of the namespace, or else of one that joined it. */
function rootOf(key: string, { containers }: Intent): string | undefined {
  const running = containers.filter(({ namespace, pid }) => namespace === key && pid !== undefined);
  const owner = running.find(({ id }) => id === key) ?? running[0];
  return owner === undefined ? undefined : `/proc/${owner.pid}/root`;
}
