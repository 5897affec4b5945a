/**
 * Looks routes up as the kernel does (net/ipv4/fib_rules.c, fib_trie.c, net/ipv6/route.c): rules by priority lead to
 * tables, in a table the longest prefix wins, then the lowest metric; a route that is dead is passed over, `throw` leads
 * back to the rules.
 */

import { type Cidr, type Family, formatCidr, readAddress, readCidr } from "../../../ipam/ip.ts";
import { DEFAULT_TABLE, LOCAL_TABLE, MAIN_TABLE } from "../../routing-tables.ts";
import type { LinkState, NamespaceState, RouteState, RoutingRule } from "../../types/index.ts";
import { isMulticast } from "../packet.ts";
import { isWithin, PrefixTable } from "./prefixes.ts";

export interface FibQuery {
  readonly family: Family;
  readonly destination: bigint;
  /** Undefined while none is chosen. */
  readonly source?: bigint | undefined;
  /** `lo` for what the namespace sends itself. */
  readonly inputDevice?: string | undefined;
  /** The route has to lead over this one. */
  readonly outputDevice?: string | undefined;
  /** Undefined when it is not known. */
  readonly mark?: bigint | undefined;
  /** Of the packet; a port is 0 when it is not known. Undefined: for any packet. */
  readonly transport?: Transport | undefined;
}

export interface Transport {
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

export type FibKind = "unicast" | "local" | "broadcast" | "multicast" | "blackhole" | "unreachable" | "prohibit";

export interface FibResult {
  /** `none` when no rule leads to a route. */
  readonly kind: FibKind | "none";
  readonly route: RouteState | undefined;
  /** The rule that led to it. */
  readonly rule: RoutingRule | undefined;
  readonly table: number | undefined;
  readonly device: string | undefined;
  /** Undefined: the destination itself is on the link. */
  readonly gateway: string | undefined;
  /** What could not be told about it, in words: a rule's condition. */
  readonly unknown: string | undefined;
  /** What it is if that holds. */
  readonly otherwise: FibResult | undefined;
  /** Further paths that packets may take as well. */
  readonly alternatives: readonly Nexthop[];
}

export interface Nexthop {
  readonly device: string | undefined;
  readonly gateway: string | undefined;
}

interface IndexedRoute {
  readonly route: RouteState;
  readonly cidr: Cidr;
}

type Match = "yes" | "no" | "unknown";

const NOTHING: FibResult = {
  kind: "none",
  route: undefined,
  rule: undefined,
  table: undefined,
  device: undefined,
  gateway: undefined,
  unknown: undefined,
  otherwise: undefined,
  alternatives: [],
};

export class Fib {
  readonly #state: NamespaceState;
  readonly #link: (name: string | undefined) => LinkState | undefined;
  readonly #tables = new Map<string, PrefixTable<IndexedRoute>>();
  readonly #rules: Readonly<Record<Family, readonly RoutingRule[]>>;

  constructor(state: NamespaceState, link: (name: string | undefined) => LinkState | undefined) {
    this.#state = state;
    this.#link = link;
    for (const route of state.routes) this.#add(route);
    this.#rules = { 4: rulesOf(state, 4), 6: rulesOf(state, 6) };
  }

  look(query: FibQuery): FibResult {
    return this.#follow(query, 0);
  }

  /**
   * What an address is here, by the table of local addresses alone: see inet_addr_type in net/ipv4/fib_frontend.c.
   * @param device the address has to be on this one to be local
   */
  addressType(family: Family, value: bigint, device?: string): "local" | "broadcast" | "multicast" | "unicast" {
    if (isMulticast(family, value)) return "multicast";
    if (family === 4 && (value === 0xffff_ffffn || value === 0n)) return "broadcast";
    for (const { route } of this.#table(family, LOCAL_TABLE).covering(value)) {
      const isElsewhere = device !== undefined && deviceOfLocal(this.#state, route) !== device;
      if (isElsewhere) continue;
      return route.type === "local" || route.type === "anycast"
        ? "local"
        : route.type === "broadcast"
          ? "broadcast"
          : "unicast";
    }
    return "unicast";
  }

  /** True when there are rules beside those that every namespace has. */
  hasOwnRules(family: Family): boolean {
    return this.#rules[family].some(({ priority }) => priority !== 0 && priority !== 32_766 && priority !== 32_767);
  }

  #add(route: RouteState): void {
    const cidr = cidrOf(route);
    if (cidr === undefined) return;
    this.#table(route.family, route.table).add(cidr, { route, cidr }, route.metric);
  }

  #table(family: Family, table: number): PrefixTable<IndexedRoute> {
    const key = `${family} ${table}`;
    const present = this.#tables.get(key) ?? new PrefixTable<IndexedRoute>(family);
    this.#tables.set(key, present);
    return present;
  }

  #follow(query: FibQuery, from: number): FibResult {
    const rules = this.#rules[query.family];
    for (let index = from; index < rules.length; index++) {
      const rule = rules[index];
      if (rule === undefined) break;
      const match = matches(rule, query);
      if (match === "no") continue;
      const result = this.#act(rule, index, query);
      if (match === "yes") {
        if (result !== undefined) return result;
        continue;
      }
      return this.#either(rule, result, () => this.#follow(query, index + 1));
    }
    return NOTHING;
  }

  /** A rule whose conditions cannot all be judged matters only when it leads elsewhere than those after it. */
  #either(rule: RoutingRule, taken: FibResult | undefined, passed: () => FibResult): FibResult {
    const other = passed();
    if (taken === undefined || leadAlike(taken, other)) return other;
    const unknown = `whether the routing rule ${rule.priority} applies (${rule.others.join(", ")})`;
    return { ...other, unknown, otherwise: taken };
  }

  /** @returns undefined when the rules are to be followed further */
  #act(rule: RoutingRule, index: number, query: FibQuery): FibResult | undefined {
    if (rule.action === "nop") return undefined;
    if (rule.action === "goto") return this.#jump(rule, index, query);
    if (rule.action !== "table") return { ...NOTHING, kind: rule.action, rule };
    const found = this.#inTable(rule.table ?? MAIN_TABLE, query);
    if (found === undefined || isSuppressed(rule, found)) return undefined;
    return { ...found, rule };
  }

  #jump(rule: RoutingRule, index: number, query: FibQuery): FibResult | undefined {
    const target = this.#rules[query.family].findIndex(
      ({ priority }, at) => at > index && priority >= (gotoTarget(rule) ?? Number.POSITIVE_INFINITY),
    );
    if (target < 0) return undefined;
    const found = this.#follow(query, target);
    // What was jumped over is why nothing was found.
    return found.kind === "none" && found.rule === undefined ? { ...found, rule } : found;
  }

  #inTable(table: number, query: FibQuery): FibResult | undefined {
    for (const { route } of this.#table(query.family, table).covering(query.destination)) {
      const result = this.#take(route, table, query);
      if (result === "throw") return undefined;
      if (result !== undefined) return result;
    }
    return undefined;
  }

  #take(route: RouteState, table: number, query: FibQuery): FibResult | "throw" | undefined {
    if (route.type === "throw") return "throw";
    const base = { ...NOTHING, route, table };
    if (route.type === "blackhole" || route.type === "unreachable" || route.type === "prohibit") {
      return { ...base, kind: route.type };
    }
    const [first, ...alternatives] = this.#paths(route, query);
    if (first === undefined) return undefined;
    const kind = route.type === "anycast" ? "local" : route.type;
    return { ...base, kind, device: first.device, gateway: first.gateway, alternatives };
  }

  /** Of a route's ways those that are alive and lead over the device that is asked for. */
  #paths(route: RouteState, query: FibQuery): Nexthop[] {
    const all = route.nexthops.length > 0 ? route.nexthops : [{ device: route.device, gateway: route.gateway }];
    if (route.flags.includes("dead")) return [];
    return all.filter(({ device }) => {
      if (query.outputDevice !== undefined && device !== query.outputDevice) return false;
      if (route.type !== "unicast") return true;
      const link = this.#link(device);
      if (link !== undefined && !link.up) return false;
      return !(link?.carrier === false && this.#ignoresWithoutCarrier(query.family, device));
    });
  }

  #ignoresWithoutCarrier(family: Family, device: string | undefined): boolean {
    const setting = (name: string): boolean =>
      this.#state.sysctls[`net.ipv${family}.conf.${name}.ignore_routes_with_linkdown`] === "1";
    return setting("all") || (device !== undefined && setting(device));
  }
}

/** Where `ip route` shows a local route of IPv6 on `lo`, the address itself tells the device. */
function deviceOfLocal(state: NamespaceState, route: RouteState): string | undefined {
  if (route.family === 4 || route.device !== "lo") return route.device;
  const address = route.destination.split("/")[0];
  return state.links.find(({ addresses }) => addresses.some((own) => own.address === address))?.name ?? route.device;
}

/** `default` and single addresses are written in short by ip(8). */
function cidrOf({ destination, family }: RouteState): Cidr | undefined {
  if (destination === "default") return readCidr(family === 4 ? "0.0.0.0/0" : "::/0");
  return readPrefix(destination);
}

function readPrefix(text: string): Cidr | undefined {
  const cidr = readCidr(text);
  if (cidr !== undefined || text.includes("/")) return cidr;
  const address = readAddress(text);
  return address && { family: address.family, address: address.value, prefixLength: address.family === 4 ? 32 : 128 };
}

const DEFAULT_RULE = {
  from: undefined,
  to: undefined,
  iif: undefined,
  oif: undefined,
  mark: undefined,
  invert: false,
  action: "table",
  others: [],
} as const;

/** Those of a fresh namespace when none were read. */
function rulesOf({ rules }: NamespaceState, family: Family): readonly RoutingRule[] {
  const own = rules.filter((rule) => rule.family === family);
  if (own.length > 0) return own.toSorted((one, other) => one.priority - other.priority);
  return [
    { ...DEFAULT_RULE, family, priority: 0, table: LOCAL_TABLE },
    { ...DEFAULT_RULE, family, priority: 32_766, table: MAIN_TABLE },
    { ...DEFAULT_RULE, family, priority: 32_767, table: DEFAULT_TABLE },
  ];
}

function matches(rule: RoutingRule, query: FibQuery): Match {
  const conditions: Match[] = [
    inPrefix(rule.from, query.source ?? 0n),
    inPrefix(rule.to, query.destination),
    rule.iif === undefined || rule.iif === query.inputDevice ? "yes" : "no",
    rule.oif === undefined || rule.oif === query.outputDevice ? "yes" : "no",
    ofMark(rule, query.mark),
    ...rule.others.map((text) => ofOther(text, query)),
  ];
  const all: Match = conditions.includes("no") ? "no" : conditions.includes("unknown") ? "unknown" : "yes";
  if (!rule.invert || all === "unknown") return all;
  return all === "yes" ? "no" : "yes";
}

function inPrefix(prefix: string | undefined, value: bigint): Match {
  const cidr = prefix === undefined || prefix === "all" ? undefined : readPrefix(prefix);
  return cidr === undefined || isWithin(cidr, value) ? "yes" : "no";
}

function ofMark({ mark }: RoutingRule, value: bigint | undefined): Match {
  if (mark === undefined) return "yes";
  if (value === undefined) return "unknown";
  return (value & BigInt(mark.mask)) === BigInt(mark.value) ? "yes" : "no";
}

/** `ipproto 6`, `dport 80-90`, `sport 1024-65535`. */
function ofOther(text: string, { transport }: FibQuery): Match {
  if (SUPPRESS.test(text) || GOTO.test(text)) return "yes";
  const [, word, low, high = low] = /^(ipproto|sport|dport) (\d+)(?:-(\d+))?$/.exec(text) ?? [];
  if (word === undefined || transport === undefined) return "unknown";
  const value =
    word === "ipproto" ? transport.protocol : word === "dport" ? transport.destinationPort : transport.sourcePort;
  if (value === 0) return "unknown";
  return value >= Number(low) && value <= Number(high) ? "yes" : "no";
}

/** `suppress_prefixlength 0`: routes that are no more specific than that do not count, as wg-quick has it. */
const SUPPRESS = /^suppress_prefix(?:len|length) (\d+)$/;

const GOTO = /^goto (\d+)$/;

/** Priority of the rule that is gone on with. */
function gotoTarget({ others }: RoutingRule): number | undefined {
  const [, priority] = others.map((text) => GOTO.exec(text)).find((match) => match !== null) ?? [];
  return priority === undefined ? undefined : Number(priority);
}

function isSuppressed(rule: RoutingRule, { route }: FibResult): boolean {
  const [, least] = rule.others.map((text) => SUPPRESS.exec(text)).find((match) => match !== null) ?? [];
  const cidr = route && cidrOf(route);
  return least !== undefined && cidr !== undefined && cidr.prefixLength <= Number(least);
}

const leadAlike = (one: FibResult, other: FibResult): boolean =>
  one.kind === other.kind && one.device === other.device && one.gateway === other.gateway;

/** `10.1.0.0/16 via 10.1.0.1 dev eth0`, for people. */
export function routeText({ route, device, gateway, kind }: FibResult): string {
  const destination = route === undefined ? "" : textOf(route);
  const type = kind === "unicast" ? "" : `${kind} `;
  return [`${type}${destination}`, gateway && `via ${gateway}`, device && `dev ${device}`]
    .filter((part) => part !== undefined && part !== "")
    .join(" ");
}

const texts = new WeakMap<RouteState, string>();

function textOf(route: RouteState): string {
  const text = texts.get(route) ?? writeDestination(route);
  texts.set(route, text);
  return text;
}

function writeDestination(route: RouteState): string {
  const cidr = cidrOf(route);
  if (cidr === undefined) return route.destination;
  return cidr.prefixLength === 0 ? "default" : formatCidr(cidr);
}
