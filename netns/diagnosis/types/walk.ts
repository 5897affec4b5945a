/** What the model says of a flow: each step of the packet and of the answer, with what decides there. */
import type { Flow, PacketHeader, Place } from "./flow.ts";

/**
 * How a packet ends, mechanically. Why that is so, in whose hands it lies and how to mend it is for the causes: one
 * mechanism can have several, and a mechanism without a known cause is still told.
 */
export type DeathKind =
  // before a packet is there
  | "name-not-found"
  | "no-source-address"
  | "no-route"
  | "network-down"
  // routing
  | "route-unreachable"
  | "route-prohibited"
  | "route-blackhole"
  | "forwarding-off"
  | "reverse-path"
  | "martian"
  | "ttl-expired"
  | "too-big"
  | "misrouted"
  // links and bridges
  | "link-down"
  | "no-carrier"
  | "not-a-bridge-port"
  | "port-blocked"
  | "port-isolated"
  | "hairpin-off"
  | "wrong-bridge-port"
  | "not-flooded"
  | "mtu-of-peer"
  | "ingress-program"
  | "queue"
  // neighbours
  | "neighbour-silent"
  | "neighbour-wrong"
  // packet filters
  | "filter-drop"
  | "filter-reject"
  // translation
  | "not-translated"
  | "translated-astray"
  | "no-port-free"
  | "table-full"
  // the far end
  | "no-listener"
  | "listener-elsewhere"
  | "queue-full"
  | "program-stuck"
  // the answer
  | "answer-unroutable"
  | "answer-misrouted"
  | "answer-source";

export interface Death {
  readonly kind: DeathKind;
  /** What the sender sees: nothing, a refusal, an error of the kernel's. */
  readonly seen: "silence" | "refused" | "unreachable" | "error" | "accepted-silence";
  /** Of the model's own facts, for causes: rule, chain, route, link … Keys are stable per kind, values are plain. */
  readonly facts: Readonly<Record<string, string | number | boolean | undefined>>;
}

export type Stage = "name" | "route" | "neighbour" | "link" | "bridge" | "hook" | "translation" | "socket" | "program";

export interface HookPoint {
  /** `ip`, `ip6`, `inet`, `bridge`, `netdev`; `legacy` for iptables' old implementation. */
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  /** `prerouting`, `input`, `forward`, `output`, `postrouting`, `ingress`. */
  readonly hook: string;
  readonly priority: number;
}

export interface Hop {
  readonly place: Place;
  readonly stage: Stage;
  readonly device: string | undefined;
  readonly hook: HookPoint | undefined;
  /** One line: `route 10.1.0.0/16 on eth0`, `filter forward: rule "on the way out" accepts`. */
  readonly text: string;
  /** `unknown`: something decides here that the model does not know; the walk goes on as if it passed. */
  readonly verdict: "pass" | "drop" | "reject" | "translate" | "unknown";
  /** What was read for it: `nft inet ctr forward handle 12`, `sysctl net.ipv4.ip_forward = 1`. */
  readonly evidence: readonly string[];
  /** The packet after this step. */
  readonly packet: PacketHeader;
  /** Set when it ends here. */
  readonly death: Death | undefined;
}

export interface Walk {
  readonly flow: Flow;
  /** From the sender on; the last one has the death, if there is one. */
  readonly there: readonly Hop[];
  /** The first answer's way back; empty when the packet does not arrive. */
  readonly back: readonly Hop[];
  /** `unknown` when a step was, and nothing known ends the packet. */
  readonly result: "arrives" | "dies" | "unknown";
  /** Where the packet ended up: the namespace whose socket would get it. */
  readonly arrivesAt: Place | undefined;
  /**
   * Further obstacles, in the order of the way: the walk went on as if each death before had not been, so that a second
   * fault is found in the same go.
   */
  readonly deaths: readonly { readonly direction: "there" | "back"; readonly hop: Hop; readonly death: Death }[];
  /** Conditions that could not be decided, in words. */
  readonly unknowns: readonly string[];
}
