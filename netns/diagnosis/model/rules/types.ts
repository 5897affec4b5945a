/**
 * What nftables and both iptables have in common, once they are read: chains of rules, each a row of statements that
 * look at a packet. Matching has more than two answers, because a rule may hold for some packets of a flow, and because
 * some conditions cannot be judged from a snapshot.
 */
import type { LinkState } from "../../types/index.ts";
import type { NamespaceModel } from "../namespace.ts";
import type { Packet } from "../packet.ts";
import type { Connection } from "../stack/connection.ts";

/** `sometimes`: for some packets (rates, random numbers); `unknown`: it cannot be told. */
export type Certainty = "yes" | "no" | "sometimes" | "unknown";

/** How connection tracking sees the packet, see nf_conntrack_common.h. */
export type TrackingState = "new" | "established" | "related" | "invalid" | "untracked";

export interface RuleContext {
  readonly namespace: NamespaceModel;
  /** The rules may rewrite it. */
  readonly packet: Packet;
  readonly hook: string;
  /** As `iifname` and `oifname` have it: the bridge for frames of its ports, the port in the bridge family. */
  readonly inputLink: LinkState | undefined;
  readonly outputLink: LinkState | undefined;
  /** Ports of the bridge that the frame came and goes by. */
  readonly inputPort: string | undefined;
  readonly outputPort: string | undefined;
  /** Undefined before connections are tracked, and where they are not. */
  connection: Connection | undefined;
  direction: "original" | "reply";
  tracking: TrackingState | undefined;
  /** Set by notrack. */
  untracked: Certainty;
  /** Of connection tracking: connections of one zone are not known in another. Undefined when it cannot be told. */
  zone: bigint | undefined;
  /** What rules have changed so far. */
  readonly alterations: Alteration[];
}

export interface Translation {
  readonly side: "source" | "destination";
  /** `outgoing`: that of the link it leaves by (masquerade); `incoming`: that of the link it came by (redirect). */
  readonly address: bigint | "outgoing" | "incoming" | "unchanged" | "unknown";
  /** Undefined: as it is; of several the kernel takes one that is free. */
  readonly ports: PortRange | undefined;
}

export interface PortRange {
  readonly low: number;
  readonly high: number;
}

export type Verdict =
  | { readonly kind: "accept" | "drop" | "return" | "continue" | "queue" }
  /** `refused`: by a TCP reset or port unreachable, as if nobody listened. */
  | { readonly kind: "reject"; readonly seen: "refused" | "unreachable" }
  | { readonly kind: "jump" | "goto"; readonly target: string }
  | { readonly kind: "translate"; readonly translation: Translation };

/** What a statement does: it holds or not, or it decides, or it changes the packet, or nothing of it is seen from outside. */
export type StatementResult =
  | { readonly holds: Certainty }
  | { readonly verdict: Verdict }
  | { readonly alters: string }
  | undefined;

/** A rule that has changed a packet without deciding what becomes of it. */
export interface Alteration {
  readonly rule: Rule;
  /** The chain that the rule is in. */
  readonly chain: string;
  /** `ttl`, `dport`, `zone` … */
  readonly what: string;
}

/** @param certainty whether the packet comes as far as this */
export type Statement = (context: RuleContext, certainty: Certainty) => StatementResult;

export interface Rule {
  readonly handle: number | undefined;
  readonly comment: string | undefined;
  /** As its program shows it. */
  readonly text: () => string;
  readonly statements: readonly Statement[];
}

export interface Chain {
  readonly name: string;
  readonly rules: readonly Rule[];
}

export type Backend = "nft" | "iptables-nft" | "iptables-legacy";

export interface BaseChain {
  readonly backend: Backend;
  /** `ip`, `ip6`, `inet`, `bridge`, `netdev`, `arp`; `legacy` for iptables' old implementation. */
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly type: "filter" | "nat" | "route";
  readonly hook: string;
  readonly priority: number;
  readonly policy: "accept" | "drop";
  /** Of netdev: the links it is at; undefined when the list of rules does not tell. */
  readonly devices: readonly string[] | undefined;
  /** The chain of that name in the same table. */
  readonly find: (name: string) => Chain | undefined;
}

/** How the packet may leave a base chain. */
export interface Ending {
  readonly verdict: Exclude<Verdict, { readonly kind: "return" | "continue" | "jump" | "goto" }>;
  readonly certainty: Exclude<Certainty, "no">;
  /** Undefined for the policy. */
  readonly rule: Rule | undefined;
  /** The chain that the rule is in. */
  readonly chain: string;
}
