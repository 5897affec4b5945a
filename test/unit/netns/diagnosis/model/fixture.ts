/** A healthy host with four containers, and what becomes of it when something in it is changed. */
import { readFileSync } from "node:fs";
import { walk } from "../../../../../netns/diagnosis/model/index.ts";
import { SnapshotView } from "../../../../../netns/diagnosis/snapshot-view.ts";
import { type Flow, HOST, type Snapshot, type Walk } from "../../../../../netns/diagnosis/types/index.ts";

const FILE = new URL("../../../../fixtures/diagnosis/healthy.json", import.meta.url);

type Changeable<T> = T extends (infer Each)[] | readonly (infer Each)[]
  ? Changeable<Each>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Changeable<T[Key]> }
    : T;

export type ChangeableSnapshot = Changeable<Snapshot>;
export type ChangeableNamespace = ChangeableSnapshot["namespaces"][number];
export type ChangeableLink = ChangeableNamespace["links"][number];

export class Fixture {
  readonly snapshot: ChangeableSnapshot;

  constructor() {
    this.snapshot = JSON.parse(readFileSync(FILE, "utf8")) as ChangeableSnapshot;
  }

  id(name: string): string {
    return name === HOST || name === "outside"
      ? name
      : found(this.snapshot.intent.containers, (each) => each.name === name).id;
  }

  address(name: string): string {
    return found(this.snapshot.intent.containers, (each) => each.name === name).endpoints[0]?.address ?? "";
  }

  /** The host's end of a container's cable. */
  cable(name: string): ChangeableLink {
    const endpoint = found(this.snapshot.intent.containers, (each) => each.name === name).endpoints[0];
    return this.link(HOST, endpoint?.hostInterface ?? "");
  }

  namespace(name: string): ChangeableNamespace {
    return found(this.snapshot.namespaces, (each) => each.key === this.id(name));
  }

  link(name: string, link: string): ChangeableLink {
    return found(this.namespace(name).links, (each) => each.name === link);
  }

  bridge(name: string): ChangeableLink {
    return this.link(HOST, this.cable(name).master ?? "");
  }

  /** Adds a rule to a new chain of nftables. @param statements of nft's JSON */
  addRule(name: string, hook: string, priority: number, ...statements: readonly object[]): void {
    const chain = { family: "inet", table: "foreign", name: hook };
    this.namespace(name).nftables?.push(
      { chain: { ...chain, type: "filter", hook, prio: priority, policy: "accept" } },
      { rule: { ...chain, chain: hook, handle: 1, expr: statements } },
    );
  }

  ask(from: string, destination: string, port: number, more: Partial<Flow> = {}): Walk {
    return walk(new SnapshotView(this.snapshot as Snapshot), {
      from: this.id(from),
      source: "",
      destination,
      family: destination.includes(":") ? 6 : 4,
      protocol: "tcp",
      destinationPort: port,
      sourcePort: 0,
      size: undefined,
      to: undefined,
      fromText: from,
      toText: `${destination}:${port}`,
      ...more,
    });
  }
}

export function found<T>(values: readonly T[], is: (value: T) => boolean): T {
  const value = values.find(is);
  if (value === undefined) throw new TypeError("the fixture lacks it");
  return value;
}

/** What ends the packet first, and where. */
export function firstDeath({ deaths }: Walk): string {
  const [first] = deaths;
  return first === undefined ? "none" : `${first.direction} ${first.death.kind}`;
}
