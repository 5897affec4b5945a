/** Rules that drop: whose they are decides which cause it is. */
import { type Obstacle, obstaclesOfKind } from "../obstacles.ts";
import { banOf } from "../policy.ts";
import { rulesetOf } from "../ruleset.ts";
import { type Evidence, type Fix, type FlowContext, HOST } from "../types/index.ts";
import { isTrue, number, placeOf, text } from "./facts.ts";
import { byHand, inPlace } from "./fixes.ts";

export type FilterCause =
  | "own-rule-missing"
  | "own-icc-rule-missing"
  | "own-publish-rule-missing"
  | "foreign-table"
  | "legacy"
  | "legacy-early"
  | "iptables-rule"
  | "reject"
  | "bridge-table"
  | "ingress"
  | "inside-receiver"
  | "inside-sender"
  | "limit"
  | "invalid-state"
  | "dns-input"
  | "dns-tcp"
  | "by-design";

const DNS_PORT = 53;

/** The obstacles of a flow that are rules of one sort. */
export const filtersOf = (context: FlowContext, wanted: FilterCause): readonly Obstacle[] =>
  obstaclesOfKind(context, "filter-drop", "filter-reject").filter((filter) => causeOf(context, filter) === wanted);

/** Each dropping rule has one cause: the first that fits. */
function causeOf(context: FlowContext, filter: Obstacle): FilterCause {
  return (
    causeOfWhatItChooses(filter) ??
    causeOfItsPlace(filter) ??
    causeOfOurs(context, filter) ??
    causeOfForeign(context, filter)
  );
}

function causeOfWhatItChooses(filter: Obstacle): FilterCause | undefined {
  if (/ct state[^}]*invalid|"invalid"|ctstate[^-]*INVALID/i.test(text(filter, "ruleText"))) return "invalid-state";
  // A neighbour that is known for a while is no limit of the rule.
  const isLimited = isTrue(filter, "limit") && !isTrue(filter, "remembered");
  return isLimited || COUNTS.test(text(filter, "ruleText")) ? "limit" : undefined;
}

/** Words of nft, of its JSON, and of iptables, by which a rule counts connections or draws lots. */
const COUNTS = /\b(ct count|limit rate|quota|numgen|connlimit|hashlimit|statistic)\b|-m limit\b|"limit"/;

function causeOfItsPlace(filter: Obstacle): FilterCause | undefined {
  if (placeOf(filter) !== HOST) return text(filter, "hook") === "output" ? "inside-sender" : "inside-receiver";
  const family = text(filter, "family");
  if (family === "netdev" || text(filter, "hook") === "ingress") return "ingress";
  return family === "bridge" ? "bridge-table" : undefined;
}

/** Rules of ours drop what no other one accepts: either that is meant, or the other one is missing. */
function causeOfOurs(context: FlowContext, filter: Obstacle): FilterCause | undefined {
  if (!isTrue(filter, "ours") || isUserChain(filter)) return undefined;
  const { view, flow } = context;
  const destination = filter.packet?.destination ?? flow.destination;
  if (filter.direction === "there" && banOf(view, flow, destination) !== undefined) return "by-design";
  // None of our chains drops by its policy: whoever set it so stops everything.
  if (filter.direction === "back" || isTrue(filter, "policy")) return "own-rule-missing";
  if (destination !== flow.destination) return "own-publish-rule-missing";
  const [from, to] = [view.networkOfAddress(filter.packet?.source ?? flow.source), view.networkOfAddress(destination)];
  return from !== undefined && from.id === to?.id ? "own-icc-rule-missing" : "own-rule-missing";
}

function causeOfForeign({ flow }: FlowContext, filter: Obstacle): FilterCause {
  if (flow.destinationPort === DNS_PORT && flow.protocol === "tcp" && isAboutNames(filter)) return "dns-tcp";
  if (flow.destinationPort === DNS_PORT && isOfHostItself(filter)) return "dns-input";
  if (filter.kind === "filter-reject") return "reject";
  if (text(filter, "backend") === "iptables-legacy" || text(filter, "family") === "legacy") {
    return text(filter, "hook") === "prerouting" ? "legacy-early" : "legacy";
  }
  const isRuleOfIptables = text(filter, "backend") === "iptables-nft" && !isTrue(filter, "policy");
  return isRuleOfIptables || isUserChain(filter) ? "iptables-rule" : "foreign-table";
}

/** It concerns what the host's own programs get and send, a name server among them. */
const isOfHostItself = (filter: Obstacle): boolean => ["input", "output"].includes(text(filter, "hook"));

/** What drops everything drops names too; that is not its point. */
const isAboutNames = (filter: Obstacle): boolean =>
  !isTrue(filter, "policy") && /\b(53|domain)\b/.test(text(filter, "ruleText"));

/** The administrator's own, in our table. */
export const isUserChain = (filter: Obstacle): boolean =>
  (text(filter, "table") === "ctr" && text(filter, "chain") === "user") || text(filter, "chain") === "CTR-USER";

/** `table inet ufw6, chain fwd`. */
export function filterName(filter: Obstacle): string {
  const [family, table, chain] = ["family", "table", "chain"].map((key) => text(filter, key));
  const backend = text(filter, "backend");
  if (backend === "iptables-legacy") return `iptables-legacy table ${table}, chain ${chain}`;
  return `table ${family} ${table}, chain ${chain}`;
}

/** What the rule says, or that it is the chain's end. */
export function verdictText(filter: Obstacle): string {
  if (isTrue(filter, "policy")) return `policy ${filter.kind === "filter-reject" ? "reject" : "drop"}`;
  const handle = number(filter, "handle");
  return `${text(filter, "ruleText") || filter.text}${handle === undefined ? "" : ` (handle ${handle})`}`;
}

export function filterEvidence(filter: Obstacle): Evidence[] {
  const hook = text(filter, "hook");
  const at = hook === "" ? "" : `; hook ${hook}, priority ${number(filter, "priority") ?? 0}`;
  return [{ source: listCommand(filter).join(" "), value: `${verdictText(filter)}${at}` }];
}

function listCommand(filter: Obstacle): readonly string[] {
  const [family, table, chain] = ["family", "table", "chain"].map((key) => text(filter, key)) as [
    string,
    string,
    string,
  ];
  if (text(filter, "backend") === "iptables-legacy") return ["iptables-legacy", "-t", table, "-S", chain];
  return ["nft", "list", "chain", family, table, chain];
}

/** Who is known to make tables of that name, or with such chains. */
export function makerOf({ view }: Pick<FlowContext, "view">, filter: Obstacle): string {
  const [family, table, chain] = [text(filter, "family"), text(filter, "table"), text(filter, "chain")];
  const namespace = view.namespace(placeOf(filter));
  const beside = (namespace === undefined ? undefined : rulesetOf(namespace))?.chains ?? [];
  const names = beside.flatMap((one) => (one.family === family && one.table === table ? one.name : []));
  const words = [table, chain, ...names].join(" ").toLowerCase();
  if (words.includes("ufw")) return "ufw";
  if (words.includes("firewalld")) return "firewalld";
  if (words.includes("docker")) return "Docker";
  if (words.includes("kube") || words.includes("cali") || words.includes("cni"))
    return "Kubernetes or its network plug-in";
  if (isUserChain(filter)) return "the administrator: the chain is for own rules";
  return "another program or the administrator";
}

/** Lets the flow pass a foreign chain. @param name of the container in whose network the rule is */
export function acceptFix(context: FlowContext, filter: Obstacle, name: string): Fix {
  const commands = isBelowIp(filter) ? [openCommand(filter)] : acceptCommands(context, filter);
  return byHand(
    "Let the traffic pass before that rule; make it lasting in the settings of whatever wrote it.",
    ...commands.map((argv) => inPlace(placeOf(filter), name, argv)),
  );
}

/** Chains that see ARP as well: an accept for one flow would not do. */
const isBelowIp = (filter: Obstacle): boolean => ["bridge", "netdev"].includes(text(filter, "family"));

function openCommand(filter: Obstacle): string[] {
  const chain = [text(filter, "family"), text(filter, "table"), text(filter, "chain")];
  const handle = number(filter, "handle");
  return isTrue(filter, "policy") || handle === undefined
    ? ["nft", "chain", ...chain, "{ policy accept ; }"]
    : ["nft", "delete", "rule", ...chain, "handle", String(handle)];
}

/** What is forwarded comes back through the same chain. */
function acceptCommands(context: FlowContext, filter: Obstacle): string[][] {
  const service = serviceEnd(context, filter);
  const directions = text(filter, "hook") === "forward" ? (["there", "back"] as const) : [filter.direction];
  return directions.map((direction) => acceptCommand(context, filter, service, direction));
}

interface ServiceEnd {
  readonly address: string;
  /** 0 for any. */
  readonly port: number;
}

/** The service's end of the flow, as the packet has it there. */
function serviceEnd({ flow }: FlowContext, { direction, packet }: Obstacle): ServiceEnd {
  const isThere = direction === "there";
  const port = (isThere ? packet?.destinationPort : packet?.sourcePort) ?? flow.destinationPort;
  return {
    address: (isThere ? packet?.destination : packet?.source) ?? flow.destination,
    port: flow.protocol === "icmp" ? 0 : port,
  };
}

function acceptCommand(
  { flow }: FlowContext,
  filter: Obstacle,
  { address, port }: ServiceEnd,
  direction: "there" | "back",
): string[] {
  const { family, protocol } = flow;
  const [table, chain, backend] = [text(filter, "table"), text(filter, "chain"), text(filter, "backend")];
  const isThere = direction === "there";
  if (backend.startsWith("iptables")) {
    const program = family === 6 ? backend.replace("iptables", "ip6tables") : backend;
    const service = port === 0 ? [] : ["-p", protocol, isThere ? "--dport" : "--sport", String(port)];
    return [program, "-t", table, "-I", chain, "1", isThere ? "-d" : "-s", address, ...service, "-j", "ACCEPT"];
  }
  const service = port === 0 ? [] : [protocol, isThere ? "dport" : "sport", String(port)];
  const end = [family === 6 ? "ip6" : "ip", isThere ? "daddr" : "saddr", address];
  return ["nft", "insert", "rule", text(filter, "family"), table, chain, ...end, ...service, "accept"];
}
