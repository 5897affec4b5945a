/** Everything that listens while packets are under way: armed in all places of the way, and taken away again. */
import { messageOf } from "../../../lib/errors.ts";
import type { SnapshotView } from "../snapshot-view.ts";
import type { LinkState, NotRead, Place } from "../types/index.ts";
import { inPlace, type NamespaceReferences } from "./namespaces.ts";
import { PacketTrace, type TracedStep } from "./packet-trace.ts";
import type { Selection } from "./selection.ts";
import { mergeSteps } from "./trace-order.ts";
import { probeTable } from "./trace-table.ts";

export interface ArmOptions {
  readonly view: SnapshotView;
  readonly places: readonly Place[];
  readonly selection: Selection;
  readonly namespaces: NamespaceReferences;
}

export class Armed implements AsyncDisposable {
  readonly #traces: PacketTrace[] = [];
  readonly #steps = new Map<PacketTrace, TracedStep[]>();
  /** What cannot be watched. */
  readonly #missing: NotRead[] = [];
  readonly #view: SnapshotView;
  readonly #table = probeTable();

  private constructor(view: SnapshotView) {
    this.#view = view;
  }

  /** Never fails: what cannot be armed is told. */
  static start(options: ArmOptions): Armed {
    const armed = new Armed(options.view);
    for (const place of options.places) armed.#arm(place, options);
    return armed;
  }

  /** Takes what the kernel has told. @param at milliseconds, for the steps @returns whether there was something */
  collect(at: number): boolean {
    let found = false;
    for (const trace of this.#traces) {
      const steps = trace.steps(at);
      if (steps.length === 0) continue;
      found = true;
      this.#steps.set(trace, [...(this.#steps.get(trace) ?? []), ...steps]);
    }
    return found;
  }

  /** Steps that were collected since the last call, in the order of the packets and their way. */
  take(): TracedStep[] {
    const lists = this.#traces.map((trace) => this.#steps.get(trace) ?? []);
    this.#steps.clear();
    return mergeSteps(lists);
  }

  notSeen(): NotRead[] {
    const lost = this.#traces
      .filter((trace) => trace.lost)
      .map(({ place }) => ({
        what: `some rules that packets passed in ${this.#view.nameOf(place)}`,
        why: "too many came",
      }));
    return [...this.#missing, ...lost];
  }

  /** May be called again. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#traces.splice(0).map((trace) => trace[Symbol.asyncDispose]()));
  }

  #arm(place: Place, options: ArmOptions): void {
    const { view, selection, namespaces } = options;
    const names = new Map((view.namespace(place)?.links ?? []).map(({ index, name }) => [index, name]));
    const part = (what: string, arm: () => void): void => {
      try {
        arm();
      } catch (error) {
        this.#missing.push({ what: `${what} in ${view.nameOf(place)}`, why: messageOf(error) });
      }
    };
    part("rules that packets pass", () => {
      const trace = inPlace(namespaces, place, () => PacketTrace.open(place, selection, names));
      this.#traces.push(trace);
      trace.arm(this.#table, selection.family === 4 ? "ip" : "ip6");
      const hasBridge = view.namespace(place)?.links.some(({ kind }) => kind === "bridge") ?? false;
      const filtered = devicesWithRules(options, place);
      if (hasBridge) part("rules of bridges that packets pass", () => trace.arm(this.#table, "bridge"));
      if (filtered.length > 0)
        part("rules of devices that packets pass", () => trace.armIngress(this.#table, filtered));
    });
  }
}

interface JsonChain {
  readonly chain?: { readonly family: string; readonly hook?: string; readonly dev?: string | readonly string[] };
}

/**
 * Devices on the way that may have nftables rules of their own for what comes in. Which ones have is not told by older
 * versions of nft: then it may be any.
 */
function devicesWithRules({ view, places }: ArmOptions, place: Place): string[] {
  const state = view.namespace(place);
  const chains = (state?.nftables ?? []).flatMap((object) => (object as JsonChain).chain ?? []);
  const ingress = chains.filter(({ family, hook }) => family === "netdev" && hook === "ingress");
  if (ingress.length === 0) return [];
  const named = ingress.some(({ dev }) => dev === undefined) ? undefined : ingress.flatMap(({ dev }) => dev ?? []);
  const isOnTheWay = (link: LinkState): boolean => {
    const end = view.peerOf(link)?.namespace.key;
    return link.kind !== "veth" || end === undefined || places.includes(end);
  };
  return (state?.links ?? []).filter(isOnTheWay).flatMap(({ name }) => (named?.includes(name) === false ? [] : name));
}
