/** The tools of a diagnosis: of this machine, or of a bundle. */
import {
  enterNetworkNamespace,
  explainFlow,
  followDrops,
  HOST,
  helpingThreads,
  inspectState,
  lookUp,
  measure,
  NamespaceReading,
  type Observations,
  probe,
  readBundle,
  type Snapshot,
  STATE_CHECKS,
  takeSnapshot,
  tryFlows,
  walk,
  watch,
} from "../../netns/index.ts";
import { packageVersion } from "../host-facts.ts";
import type { Listener } from "./answer.ts";
import { applyAction } from "./apply-action.ts";
import { type Roots, readIntent } from "./read-intent.ts";
import { readPrograms } from "./read-programs.ts";
import type { DiagnosisTools, LiveTools } from "./tools.ts";

/** What needs no machine: the model and the causes are pure. */
const PURE = {
  walk,
  explain: explainFlow,
  inspect: inspectState,
  checks: STATE_CHECKS,
};

/** @throws `invalid` for what is no bundle */
export function bundleTools(path: string, listener: Listener): DiagnosisTools {
  const snapshot = readBundle(path);
  return { ...PURE, ...listenerOf(listener), live: undefined, takeSnapshot: async () => snapshot };
}

export function hostTools(roots: Roots, listener: Listener): DiagnosisTools {
  const host = new Host(roots, listener.signal);
  return { ...PURE, ...listenerOf(listener), live: host.live, takeSnapshot: () => host.takeSnapshot() };
}

const listenerOf = ({ emit, signal }: Listener) => ({ emit: emit.bind(undefined), signal });

/** Attempts, where only some packets are stopped. */
const OFTEN = 8;
/** Milliseconds until silence is silence, where it was silent before. */
const BRIEF = 500;

class Host {
  readonly #roots: Roots;
  readonly #signal: AbortSignal;
  /** As they were when it was last looked. */
  #namespaces: ReadonlyMap<string, string> = new Map();

  constructor(roots: Roots, signal: AbortSignal) {
    this.#roots = roots;
    this.#signal = signal;
  }

  async takeSnapshot(): Promise<Snapshot> {
    const { intent, namespacePaths, cgroupParents, notRead } = readIntent(this.#roots);
    this.#namespaces = namespacePaths;
    // Other threads begin with the namespaces while this one looks at the programs.
    const threads = helpingThreads(namespacePaths.size);
    using reading = new NamespaceReading({ intent, namespacePaths, threads });
    const read = readPrograms({ intent, execRoot: this.#roots.execRoot, cgroupParents });
    return takeSnapshot({
      ...{ intent, namespacePaths, reading, ctrVersion: packageVersion() },
      programs: read.programs,
      notRead: [...notRead, ...read.notRead],
    });
  }

  get live(): LiveTools {
    return {
      probe: (view, flow, { watch: seconds, often, isSilent }) =>
        seconds === undefined
          ? probe(view, flow, {
              namespaces: this.#namespaces,
              ...(often ? { all: true, attempts: OFTEN } : {}),
              ...(isSilent ? { timeout: BRIEF } : {}),
            })
          : this.#firstSeen(watch(view, flow, { namespaces: this.#namespaces, signal: this.#within(seconds) })),
      tryFlows: (flows) => tryFlows(flows, { references: this.#namespaces, signal: this.#signal }),
      lookUp: (view, name, place, kind) => {
        const { resolvConf, hosts } = view.namespace(place) ?? { resolvConf: undefined, hosts: undefined };
        const enter = <T>(body: () => T extends PromiseLike<unknown> ? never : T): T => this.#enter(place, body);
        return lookUp(name, { resolvConf, hosts, enter, ...(kind === undefined ? {} : { kind }) });
      },
      measure: (options) => measure({ ...options, namespaces: this.#namespaces }),
      followDrops: (view, { container, signal }) =>
        followDrops(view, { signal, ...(container === undefined ? {} : { container }) }),
      apply: (action) => applyAction(action, this.#namespaces),
    };
  }

  #within(seconds: number): AbortSignal {
    return AbortSignal.any([this.#signal, AbortSignal.timeout(seconds * 1000)]);
  }

  /** Of the first packets that come by; nothing when none does. */
  async #firstSeen(bursts: AsyncIterable<Observations>): Promise<Observations> {
    for await (const burst of bursts) return burst;
    return {
      ...{ attempts: [], verdicts: [], devices: [], drops: [], counters: [], neighbours: [], connections: [] },
      notSeen: [{ what: "packets between the two ends", why: "none came by while it was watched" }],
    };
  }

  #enter<T>(place: string, body: () => T extends PromiseLike<unknown> ? never : T): T {
    const path = this.#namespaces.get(place);
    return place === HOST || path === undefined ? body() : enterNetworkNamespace(path, body);
  }
}
