/** Takes a packet through all rules on one hook of the kernel, connection tracking and translation among them. */

import type { Death, Hop, LinkState } from "../../types/index.ts";
import { death } from "../deaths.ts";
import type { NamespaceModel } from "../namespace.ts";
import { IcmpType, IpProtocol, isIcmp, type Packet } from "../packet.ts";
import { evaluate } from "../rules/evaluate.ts";
import { placeOf } from "../rules/ruleset.ts";
import type { BaseChain, Ending, RuleContext } from "../rules/types.ts";
import { end, note, suspect, type Trip } from "../trip.ts";
import { type Tracked, track, UNTRACKED } from "./tracking.ts";
import { decide, rewrite } from "./translate.ts";

export type HookName = "ingress" | "egress" | "prerouting" | "input" | "forward" | "output" | "postrouting";

export interface HookPlace {
  readonly namespace: NamespaceModel;
  readonly hook: HookName;
  readonly inputLink?: LinkState | undefined;
  readonly outputLink?: LinkState | undefined;
  readonly inputPort?: string | undefined;
  readonly outputPort?: string | undefined;
}

/** Where tracking begins (NF_IP_PRI_CONNTRACK), at the hooks by which packets come into a namespace. */
const TRACKING = -200;

/** Tables that see packets of the network layer. */
const FAMILIES = { 4: ["ip", "inet", "legacy"], 6: ["ip6", "inet", "legacy6"] } as const;

/**
 * The hooks of IP. @returns whether rules have asked for the route to be looked up again
 */
export function passHook(trip: Trip, place: HookPlace): { readonly reroute: boolean } {
  const { packet } = trip;
  const { state } = place.namespace;
  if (state.nftables === undefined) {
    const where = trip.world.view.nameOf(state.key);
    trip.journey.doubt(`what the rules of nftables in ${where} do with the packet: they could not be read`, true);
  }
  if (place.namespace.ruleset.isEmpty && trip.connections.get(place.namespace.key) === undefined)
    return { reroute: false };
  const passage = new Passage(trip, place);
  const before = { destination: packet.destination, mark: packet.mark };
  for (const chain of place.namespace.ruleset.at(place.hook, FAMILIES[packet.family])) passage.through(chain);
  passage.finish();
  const isMarked = passage.maySetRoute && packet.mark !== before.mark;
  return { reroute: packet.destination !== before.destination || isMarked };
}

/** The hooks of frames. @param families `bridge`, `netdev` or `arp` */
export function passFrameHook(
  trip: Trip,
  place: HookPlace,
  families: readonly string[],
  accepts: (chain: BaseChain) => boolean = () => true,
): void {
  const chains = place.namespace.ruleset.at(place.hook, families).filter(accepts);
  if (chains.length === 0) return;
  const passage = new Passage(trip, place, true);
  for (const chain of chains) passage.through(chain);
}

/** One packet at one hook. */
class Passage {
  readonly #trip: Trip;
  readonly #place: HookPlace;
  readonly #context: RuleContext;
  readonly #isFrame: boolean;
  #isTracked = false;
  #isTranslated = false;
  maySetRoute = false;

  constructor(trip: Trip, place: HookPlace, isFrame = false) {
    this.#trip = trip;
    this.#place = place;
    this.#isFrame = isFrame;
    const { namespace, hook, inputLink, outputLink, inputPort, outputPort } = place;
    this.#context = {
      namespace,
      packet: trip.packet,
      hook,
      inputLink,
      outputLink,
      inputPort,
      outputPort,
      connection: undefined,
      direction: "original",
      tracking: undefined,
      untracked: "no",
      zone: 0n,
      alterations: [],
    };
    if (isFrame) this.#trackFrame();
    else if (!this.#tracksHere) this.#track();
  }

  through(chain: BaseChain): void {
    this.#advance(placeOf(chain));
    if (chain.type === "nat") {
      this.#decideTranslation(chain);
      return;
    }
    this.maySetRoute ||= chain.type === "route" || (chain.backend !== "nft" && chain.table === "mangle");
    const endings = evaluate(chain, this.#context);
    this.#noteAlterations(chain);
    this.#judge(chain, endings);
  }

  /** What of tracking and translation comes after the last chain. */
  finish(): void {
    this.#advance(Number.POSITIVE_INFINITY);
  }

  get #tracksHere(): boolean {
    return this.#place.hook === "prerouting" || this.#place.hook === "output";
  }

  get #side(): "source" | "destination" {
    return this.#tracksHere ? "destination" : "source";
  }

  /** Chains of type nat run where their connection is translated. */
  #advance(place: number): void {
    if (this.#isFrame || this.#place.hook === "forward") return;
    if (this.#tracksHere && !this.#isTracked && place > TRACKING) this.#track();
    const translation = this.#tracksHere ? -100 : 100;
    if (!this.#isTranslated && place > translation) this.#translate();
  }

  /** Bridges follow connections of their own (nf_conntrack_bridge); at a link's own hooks none is known, coming in. */
  #trackFrame(): void {
    const { attached, bridged, packet } = this.#trip;
    const isAtBridge = this.#place.hook !== "ingress" && this.#place.hook !== "egress";
    if (packet.arp !== undefined || (attached === undefined && !isAtBridge)) return;
    const apart = { ...this.#trip, connections: bridged };
    this.#take(attached ?? track(apart, this.#place.namespace));
  }

  #take({ connection, direction, state }: Tracked): void {
    this.#context.connection = connection;
    this.#context.direction = direction;
    this.#context.tracking = state;
  }

  #track(): void {
    this.#isTracked = true;
    const { untracked } = this.#context;
    if (untracked === "unknown" || untracked === "sometimes") {
      this.#trip.journey.doubt(`whether the connection is followed in ${this.#place.namespace.key} (notrack)`, true);
    }
    const isOutside = this.#trip.packet.arp !== undefined || untracked === "yes";
    const tracked = isOutside
      ? UNTRACKED
      : (this.#trip.attached ?? track(this.#trip, this.#place.namespace, this.#context.zone));
    this.#take(tracked);
    this.#trip.attached = tracked;
  }

  #decideTranslation(chain: BaseChain): void {
    const { connection, tracking } = this.#context;
    if (connection === undefined || connection.isOld || tracking !== "new" || connection.settled[this.#side]) return;
    const endings = evaluate(chain, this.#context);
    const [first] = endings;
    if (first === undefined) return;
    if (first.verdict.kind === "translate" && first.verdict.translation.side === this.#side) {
      // Before what may come of it.
      this.#note(chain, first, "translate");
      const isKnown = decide(this.#trip, this.#context, connection, first.verdict.translation);
      if (!isKnown || first.certainty !== "yes") this.#doubt(chain, first, "which address it becomes");
      return;
    }
    if (endings.some(({ verdict, certainty }) => verdict.kind === "translate" && certainty !== "yes")) {
      this.#doubt(chain, first, "whether it is translated");
    }
    this.#judge(chain, endings);
  }

  #translate(): void {
    this.#isTranslated = true;
    const { connection, direction, tracking } = this.#context;
    if (connection === undefined || (tracking !== "new" && tracking !== "established")) return;
    connection.settled[this.#side] = true;
    rewrite(this.#trip, this.#place.namespace, { connection, direction, side: this.#side });
  }

  /** Of all ways in which the packet may come out of a chain one verdict. */
  #judge(chain: BaseChain, endings: readonly Ending[]): void {
    const elsewhere = this.#mayBeElsewhere(chain);
    const all = elsewhere ? endings.map((ending): Ending => ({ ...ending, certainty: "unknown" })) : endings;
    const passing = all.filter(({ verdict }) => passes(verdict.kind));
    const ending = all.filter(({ verdict }) => !passes(verdict.kind));
    const [worst] = ending.toSorted((one, other) => RANK[one.certainty] - RANK[other.certainty]);
    if (worst === undefined) {
      const shown = passing.find(({ rule }) => rule !== undefined) ?? passing[0];
      if (shown !== undefined) this.#notePass(chain, shown);
      return;
    }
    if (worst.verdict.kind === "queue") this.#suspect(chain, worst, "what the program behind it says");
    else if (passing.length === 0 && !elsewhere) this.#die(chain, worst, false);
    else if (all.some(({ certainty }) => certainty === "unknown"))
      this.#suspect(chain, worst, `whether it ${worst.verdict.kind}s`);
    else this.#die(chain, worst, true);
  }

  /** Lists of rules of old versions of nft do not tell which links a netdev chain is at. */
  #mayBeElsewhere(chain: BaseChain): boolean {
    return chain.family === "netdev" && chain.devices === undefined;
  }

  /** Changes that are no translation: each by itself, since they may be what the packet dies of later. */
  #noteAlterations(chain: BaseChain): void {
    for (const { rule, chain: within } of this.#context.alterations.splice(0)) {
      const ending: Ending = { verdict: { kind: "accept" }, certainty: "yes", rule, chain: within };
      this.#note(chain, ending, "translate");
    }
  }

  #notePass(chain: BaseChain, ending: Ending): void {
    if (ending.rule === undefined && (chain.find(chain.chain)?.rules.length ?? 0) === 0) return;
    this.#note(chain, ending, "pass");
  }

  #note(chain: BaseChain, ending: Ending, verdict: Hop["verdict"]): void {
    note(this.#trip, { ...this.#step(chain, ending), verdict });
  }

  #doubt(chain: BaseChain, ending: Ending, what: string): void {
    const step = this.#step(chain, ending);
    note(this.#trip, { ...step, verdict: "unknown" });
    const translates = ending.verdict.kind === "translate" || what.includes("translated");
    this.#trip.journey.doubt(`${what}: ${step.text}`, translates);
  }

  #die(chain: BaseChain, ending: Ending, isOccasional: boolean): void {
    const death = this.#deathOf(chain, ending, isOccasional);
    const verdict = isOccasional ? "unknown" : death.kind === "filter-drop" ? "drop" : "reject";
    end(this.#trip, { ...this.#step(chain, ending), verdict, death });
  }

  /** A rule that may hold, and ends the packet then; or one whose program may. @param what is in doubt */
  #suspect(chain: BaseChain, ending: Ending, what: string): void {
    const step = this.#step(chain, ending);
    suspect(this.#trip, { ...step, death: this.#deathOf(chain, ending, false) }, `${what}: ${step.text}`);
  }

  #deathOf(chain: BaseChain, ending: Ending, isOccasional: boolean): Death {
    const { packet } = this.#trip;
    const { seen, kind } = endOf(ending, this.#place.hook, isIcmp(packet));
    return death(
      kind,
      {
        ...factsOf(chain, ending, this.#place),
        ...(isOccasional ? { limit: true } : {}),
        ...(packet.arp === undefined ? {} : { protocolArp: true }),
        ...(isNeighbourDiscovery(packet) ? { neighbourDiscovery: true } : {}),
      },
      seen,
    );
  }

  #step(chain: BaseChain, ending: Ending) {
    const { namespace, inputLink, outputLink } = this.#place;
    const text = ending.rule === undefined ? `policy ${chain.policy}` : `rule "${ending.rule.text()}"`;
    const where = `${chain.backend === "nft" ? `${chain.family} ${chain.table}` : `${chain.backend} ${chain.table}`} ${chain.chain}`;
    const handle = ending.rule?.handle === undefined ? "" : ` handle ${ending.rule.handle}`;
    return {
      place: namespace.key,
      stage: "hook" as const,
      device: (outputLink ?? inputLink)?.name,
      hook: hookPoint(chain),
      text: `${where}: ${text}`,
      evidence: [`${chain.backend} ${chain.family} ${chain.table} ${ending.chain}${handle}`],
    };
  }
}

const passes = (kind: string): boolean => kind === "accept" || kind === "translate";

const RANK = { yes: 0, sometimes: 1, unknown: 2 } as const;

const isNeighbourDiscovery = ({ protocol, icmpType }: Packet): boolean =>
  protocol === IpProtocol.icmp6 &&
  (icmpType === IcmpType.neighbourSolicitation || icmpType === IcmpType.neighbourAdvertisement);

function endOf(
  { verdict }: Ending,
  hook: HookName,
  icmp: boolean,
): { kind: "filter-drop" | "filter-reject"; seen: Death["seen"] } {
  if (verdict.kind === "reject") return { kind: "filter-reject", seen: icmp ? "unreachable" : verdict.seen };
  // What a program sends itself is refused with an error at once; only UDP and ICMP tell it.
  return { kind: "filter-drop", seen: hook === "output" ? "error" : "silence" };
}

const familyOf = ({ family }: BaseChain): string => (family === "legacy6" ? "legacy" : family);

function hookPoint(chain: BaseChain): NonNullable<Hop["hook"]> {
  const { table, chain: name, hook, priority } = chain;
  return { family: familyOf(chain), table, chain: name, hook, priority };
}

function factsOf(chain: BaseChain, { rule, chain: within }: Ending, { namespace, hook }: HookPlace): Death["facts"] {
  return {
    place: namespace.key,
    family: familyOf(chain),
    table: chain.table,
    chain: within,
    hook,
    priority: chain.priority,
    handle: rule?.handle,
    policy: rule === undefined,
    comment: rule?.comment,
    ruleText: rule === undefined ? `policy ${chain.policy}` : rule.text(),
    backend: chain.backend,
    ours: isOurs(chain, within),
  };
}

/** The engine's own table, its chains of iptables, and the table of a sandbox's name server. */
function isOurs({ backend, family, table }: BaseChain, chain: string): boolean {
  if (backend !== "nft") return chain.startsWith("CTR-") && chain !== "CTR-USER";
  return (family === "inet" && table === "ctr" && chain !== "user") || (family === "ip" && table === "ctr-names");
}
