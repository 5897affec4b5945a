/** Matches of iptables, see iptables-extensions(8). */
import { lastOf, readAddress, readCidr, subnetOf } from "../../../ipam/ip.ts";
import { CtState, CtStatus } from "../nft/datatypes.ts";
import { hasPorts, portScalar, statusOf } from "../nft/fields.ts";
import { IpProtocol, TcpFlag } from "../packet.ts";
import { certain, either, not } from "../rules/certainty.ts";
import { countsMoreThan } from "../rules/connection-count.ts";
import { routeOf, typeOfAddress } from "../rules/reverse-look-up.ts";
import { compare, number, type Pattern } from "../rules/scalar.ts";
import type { Certainty, RuleContext } from "../rules/types.ts";
import { isDestinationTranslated, isSourceTranslated } from "../stack/connection.ts";
import type { Option } from "./options.ts";

type Condition = (context: RuleContext) => Certainty;

/** Matches that hold for a part of the packets. */
const RATES = new Set(["hashlimit", "statistic", "quota", "connbytes", "nth", "random"]);
/** Always true. */
const REMARKS = new Set(["comment"]);

/** @param name of the extension; empty for what iptables knows itself */
export function readMatch(name: string, options: readonly Option[]): readonly Condition[] {
  if (name === "limit") return [limited(options)];
  if (name === "connlimit") return [connectionLimited(options)];
  if (RATES.has(name)) return [() => "sometimes"];
  if (REMARKS.has(name)) return [];
  if (name === "rpfilter") return [reversePath(options)];
  if (name === "addrtype") return addressType(options);
  if (name === "set" || name === "recent" || options.length === 0)
    return name === "" || PLAIN.has(name) ? [] : [unknown];
  return options.map((option) => inverting(option, conditionOf(name, option)));
}

/** Packets a second that the few of a question do not come to. */
const FAST = 50;
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `5/sec`, `3/minute`. */
function limited(options: readonly Option[]): Condition {
  const [rate, unit = ""] = (options.find(({ name }) => name === "--limit")?.values[0] ?? "").split("/");
  const isFast = Number(rate) / (SECONDS[unit[0] ?? ""] ?? Number.POSITIVE_INFINITY) >= FAST;
  return () => (isFast ? "yes" : "sometimes");
}

/** `--connlimit-above 20` or `--connlimit-upto 20`. */
function connectionLimited(options: readonly Option[]): Condition {
  const [above, upTo] = ["--connlimit-above", "--connlimit-upto"].map((word) =>
    options.find(({ name }) => name === word),
  );
  const limit = Number((above ?? upTo)?.values[0]);
  return (context) => {
    const more = countsMoreThan(context, limit);
    return above === undefined ? not(more) : more;
  };
}

const PLAIN = new Set(["tcp", "udp", "sctp", "icmp", "icmp6", "multiport", "state", "conntrack"]);

const unknown: Condition = () => "unknown";

const inverting =
  ({ inverted }: Option, condition: Condition | undefined): Condition =>
  (context) => {
    const holds = condition?.(context) ?? "unknown";
    return inverted ? not(holds) : holds;
  };

function conditionOf(extension: string, { name, values }: Option): Condition | undefined {
  const [value = ""] = values;
  switch (name) {
    case "-s":
      return inAddresses(value, ({ packet }) => packet.source);
    case "-d":
      return inAddresses(value, ({ packet }) => packet.destination);
    case "-i":
      return onLink(value, ({ inputLink }) => inputLink?.name ?? "");
    case "-o":
      return onLink(value, ({ outputLink }) => outputLink?.name ?? "");
    case "-p":
      return ofProtocol(value);
    case "-f":
      return () => "no";
    case "--dport":
    case "--destination-port":
      return ofPort(value, ({ packet }) => [packet.destinationPort]);
    case "--sport":
    case "--source-port":
      return ofPort(value, ({ packet }) => [packet.sourcePort]);
    case "--dports":
    case "--destination-ports":
      return ofPort(value, ({ packet }) => [packet.destinationPort]);
    case "--sports":
    case "--source-ports":
      return ofPort(value, ({ packet }) => [packet.sourcePort]);
    case "--ports":
      return ofPort(value, ({ packet }) => [packet.sourcePort, packet.destinationPort]);
    case "--tcp-flags":
      return ofFlags(value, values[1] ?? "");
    case "--syn":
      return ofFlags("FIN,SYN,RST,ACK", "SYN");
    case "--icmp-type":
    case "--icmpv6-type":
      return ofIcmpType(value);
    case "--mark":
      return extension === "mark" || extension === "connmark" ? ofMark(extension, value) : undefined;
    case "--src-range":
      return inRange(value, ({ packet }) => packet.source);
    case "--dst-range":
      return inRange(value, ({ packet }) => packet.destination);
    case "--length":
      return ({ packet }) => compare(number(packet.size), rangeOf(value));
    case "--ttl-eq":
    case "--hl-eq":
      return ({ packet }) => certain(packet.ttl === Number(value));
    case "--ttl-lt":
    case "--hl-lt":
      return ({ packet }) => certain(packet.ttl < Number(value));
    case "--ttl-gt":
    case "--hl-gt":
      return ({ packet }) => certain(packet.ttl > Number(value));
    default:
      return extension === "state" || extension === "conntrack" ? connectionCondition(name, value) : undefined;
  }
}

function inAddresses(list: string, read: (context: RuleContext) => bigint): Condition {
  const patterns = list.split(",").map(addressPattern);
  return (context) =>
    patterns.reduce<Certainty>((holds, each) => either(holds, compare(number(read(context)), each)), "no");
}

/** `10.0.0.0/8`, `10.0.0.1`. A mask that is no prefix is seldom, and not read. */
function addressPattern(text: string): Pattern {
  const address = readAddress(text);
  if (address !== undefined) return number(address.value);
  const cidr = readCidr(text);
  return cidr === undefined ? "unknown" : { low: subnetOf(cidr).address, high: lastOf(cidr) };
}

function inRange(text: string, read: (context: RuleContext) => bigint): Condition {
  const [low, high] = text.split("-").map((end) => readAddress(end)?.value);
  if (low === undefined || high === undefined) return unknown;
  return (context) => compare(number(read(context)), { low, high });
}

/** `br+` is every name that begins so. */
function onLink(pattern: string, read: (context: RuleContext) => string): Condition {
  if (!pattern.endsWith("+")) return (context) => certain(read(context) === pattern);
  const start = pattern.slice(0, -1);
  return (context) => certain(read(context).startsWith(start));
}

const PROTOCOLS: Readonly<Record<string, number>> = {
  all: 0,
  icmp: 1,
  tcp: 6,
  udp: 17,
  "ipv6-icmp": 58,
  icmpv6: 58,
  icmp6: 58,
  gre: 47,
  esp: 50,
  ah: 51,
  sctp: 132,
  udplite: 136,
};

function ofProtocol(name: string): Condition | undefined {
  const wanted = /^\d+$/.test(name) ? Number(name) : PROTOCOLS[name];
  if (wanted === undefined) return undefined;
  return ({ packet }) => certain(wanted === 0 || packet.protocol === wanted);
}

function ofPort(list: string, read: (context: RuleContext) => readonly number[]): Condition {
  const patterns = list.split(",").map(rangeOf);
  return (context) => {
    if (!hasPorts(context.packet)) return "no";
    const holds = read(context).flatMap((port) => patterns.map((each) => compare(portScalar(context, port), each)));
    return holds.reduce<Certainty>(either, "no");
  };
}

/** `80`, `1024:65535`, `1024:`. */
function rangeOf(text: string): Pattern {
  const [low = "", high = low] = text.split(":");
  if (!/^\d*$/.test(low) || !/^\d*$/.test(high)) return "unknown";
  return { low: BigInt(low || "0"), high: BigInt(high || "65535") };
}

function ofFlags(mask: string, wanted: string): Condition {
  const masked = flagBits(mask);
  const set = flagBits(wanted);
  return ({ packet }) => certain(packet.protocol === IpProtocol.tcp && (packet.tcpFlags & masked) === set);
}

function flagBits(list: string): number {
  if (list === "ALL") return 63;
  return list.split(",").reduce((bits, name) => bits | (TcpFlag[name.toLowerCase() as keyof typeof TcpFlag] ?? 0), 0);
}

/** `8`, `3/4`, `255` or `any`; -save writes numbers. */
function ofIcmpType(text: string): Condition | undefined {
  const [type = "", code] = text.split("/");
  if (type === "any" || type === "255") return () => "yes";
  if (!/^\d+$/.test(type)) return undefined;
  return ({ packet }) =>
    certain(packet.icmpType === Number(type) && (code === undefined || packet.icmpCode === Number(code)));
}

/** `0x1/0xff`. */
function ofMark(extension: string, text: string): Condition {
  const [value = "0", mask = "0xffffffff"] = text.split("/");
  return ({ packet, connection }) => {
    const mark = extension === "mark" ? packet.mark : connection === undefined ? 0n : connection.mark;
    return mark === undefined ? "unknown" : certain((mark & BigInt(mask)) === BigInt(value));
  };
}

function addressType(options: readonly Option[]): readonly Condition[] {
  const has = (name: string): boolean => options.some((option) => option.name === name);
  const device = ({ inputLink, outputLink }: RuleContext): string | undefined => {
    if (has("--limit-iface-in")) return inputLink?.name;
    return has("--limit-iface-out") ? outputLink?.name : undefined;
  };
  return options
    .filter(({ name }) => name === "--src-type" || name === "--dst-type")
    .map((option) => {
      const wanted = (option.values[0] ?? "").toLowerCase().split(",");
      const address = option.name === "--src-type" ? "source" : "destination";
      return inverting(option, (context) => {
        const type = typeOfAddress(context, { address, device: device(context) });
        return certain(wanted.includes(type));
      });
    });
}

/** xt_rpfilter: the way back to the source leads over the link that the packet came by. */
function reversePath(options: readonly Option[]): Condition {
  const has = (name: string): boolean => options.some((option) => option.name === name);
  return (context) => {
    const { inputLink } = context;
    if (inputLink?.name === "lo") return certain(!has("--invert"));
    const device = has("--loose") ? undefined : inputLink?.name;
    const route = routeOf(context, { address: "source", device, withMark: has("--validmark") });
    if (route?.unknown !== undefined) return "unknown";
    return certain((route !== undefined) !== has("--invert"));
  };
}

function connectionCondition(name: string, value: string): Condition | undefined {
  switch (name) {
    case "--state":
    case "--ctstate":
      return inState(value.split(","));
    case "--ctstatus":
      return inStatus(value.toLowerCase().split(","));
    case "--ctdir":
      return ({ direction, connection }) =>
        connection === undefined ? "no" : certain(direction === value.toLowerCase());
    case "--ctproto":
      return ofProtocol(value);
    case "--ctorigsrc":
      return ofConnection((context) => inAddresses(value, () => context.connection?.original.source ?? 0n)(context));
    case "--ctorigdst":
      return ofConnection((context) =>
        inAddresses(value, () => context.connection?.original.destination ?? 0n)(context),
      );
    case "--ctreplsrc":
      return ofConnection((context) => inAddresses(value, () => context.connection?.reply.source ?? 0n)(context));
    case "--ctrepldst":
      return ofConnection((context) => inAddresses(value, () => context.connection?.reply.destination ?? 0n)(context));
    case "--ctorigdstport":
      return ofConnection((context) =>
        compare(portScalar(context, context.connection?.original.destinationPort ?? 0), rangeOf(value)),
      );
    default:
      return undefined;
  }
}

const ofConnection =
  (condition: Condition): Condition =>
  (context) =>
    context.connection === undefined ? "no" : condition(context);

/** xt_conntrack: SNAT and DNAT count as states of a translated connection. */
function inState(words: readonly string[]): Condition {
  return ({ tracking = "invalid", connection }) => {
    const isTranslated =
      connection !== undefined &&
      ((words.includes("SNAT") && isSourceTranslated(connection)) ||
        (words.includes("DNAT") && isDestinationTranslated(connection)));
    return certain(isTranslated || words.some((word) => word.toLowerCase() === tracking && tracking in CtState));
  };
}

function inStatus(words: readonly string[]): Condition {
  return ofConnection(({ connection }) => {
    if (connection === undefined) return "no";
    const status = statusOf(connection);
    if (words.includes("none")) return certain(status === 0);
    const bits: Readonly<Record<string, number>> = { ...CtStatus, seen_reply: CtStatus["seen-reply"] };
    return certain(words.some((word) => (status & (bits[word] ?? 0)) !== 0));
  });
}
