/**
 * The private table that makes the kernel tell what becomes of the flow's packets. It has an owner (Linux 5.12): the socket
 * that made it, with which it vanishes, also when this process is killed; nobody else can change or remove it meanwhile.
 *
 * Marks of tracing do not survive the way through a veth pair: each namespace needs a table of its own. The rules stand
 * before all others in the hooks where packets come into being or arrive. In all hooks there is an empty chain before and one
 * behind all others: the kernel names them too, so that one sees a packet pass a hook that has no rules, and one sees it
 * lost in what nftables does not know (iptables' old implementation).
 */
import { addressBytes } from "../../dns/wire/address.ts";
import { concat, message, nested, text } from "../../netlink/codec.ts";
import { MessageFlag } from "../../netlink/constants.ts";
import { protocolNumber } from "./packet.ts";
import { EchoType, errorProtocol, type FlowEnd, type Selection } from "./selection.ts";
import {
  atMost,
  Base,
  be32,
  element,
  hasBytes,
  inSet,
  isProtocol,
  type NamedSet,
  startTrace,
} from "./trace-expressions.ts";

const NFNL_SUBSYS_NFTABLES = 10;
const NFNL_MSG_BATCH_BEGIN = 16;
const NFNL_MSG_BATCH_END = 17;
const nftMessage = (number: number): number => (NFNL_SUBSYS_NFTABLES << 8) | number;
/** NFT_MSG_* */
const Message = {
  newTable: nftMessage(0),
  newChain: nftMessage(3),
  newRule: nftMessage(6),
  newSet: nftMessage(9),
  newElements: nftMessage(12),
} as const;
/** NFTA_* */
const Table = { name: 1, flags: 2 } as const;
const Chain = { table: 1, name: 3, hook: 4, policy: 5, type: 7 } as const;
const Hook = { number: 1, priority: 2, device: 3 } as const;
const Rule = { table: 1, chain: 2, expressions: 4 } as const;
const NfSet = { table: 1, name: 2, flags: 3, keyType: 4, keyLength: 5, id: 10 } as const;
const Elements = { table: 1, set: 2, elements: 3, setId: 4 } as const;

const NFT_TABLE_F_OWNER = 2;
const NF_ACCEPT = 1;
/** NFPROTO_* */
export const ProtocolFamily = { ip: 2, netdev: 5, bridge: 7, ip6: 10 } as const;
export type TableFamily = Exclude<keyof typeof ProtocolFamily, "netdev">;

/** NF_INET_*, and the same of bridges. */
const HOOKS = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const;
type HookName = keyof typeof HOOKS;
/** NF_NETDEV_INGRESS */
const INGRESS = 0;
/** Behind the joining of fragments (-400), before everything else. In bridges there is nothing of the kind. */
const FIRST = -399;
/** Before connections are entered into the table (2147483647), which may fail. */
const LAST = 2147483646;
const VERY_FIRST = -2147483648;
/** Types of nft's own, so that others who list the table understand it. */
const KeyType = { address4: 7, address6: 8, port: 13 } as const;
/** Bytes. */
const KEY_LENGTH: Readonly<Record<number, number>> = { 7: 4, 8: 16, 13: 2 };

const PACKETS_PER_SECOND = 20;

const PREFIX = "ctr_probe_";

let tables = 0;

/** A name for the tables of one probe, which nobody else has: several may be under way in this process. */
export function probeTable(): string {
  tables++;
  return `${PREFIX}${process.pid}_${tables}`;
}

/** Whether a table of a {@link TracedVerdict} is a probe's own, which decides nothing: it shows that a packet was there. */
export const isProbeTable = (table: string): boolean => table.startsWith(PREFIX);

/**
 * The transaction that makes the table.
 * @param name see {@link probeTable}
 * @param family `ip` or `ip6`, or `bridge` for what happens within bridges
 */
export function tableTransaction(name: string, family: TableFamily, selection: Selection): Buffer {
  const sets = setsOf(selection);
  const changes: [number, Buffer][] = [
    [Message.newTable, concat([text(Table.name, name), be32(Table.flags, NFT_TABLE_F_OWNER)])],
    ...sets.flatMap((set) => setMessages(name, set)),
    ...(Object.keys(HOOKS) as HookName[]).flatMap((hook) => chainMessages(name, hook)),
    ...rulesOf(selection, sets).flatMap((expressions) =>
      (["prerouting", "output"] as const).map((hook) => ruleMessage(name, `${hook}_first`, expressions)),
    ),
  ];
  return batch(ProtocolFamily[family], changes);
}

/**
 * The same for what devices themselves let in: there rules are tied to devices by name.
 * @param devices names of links of the namespace
 */
export function ingressTransaction(name: string, devices: readonly string[], selection: Selection): Buffer {
  const sets = setsOf(selection);
  const rules = rulesOf(selection, sets);
  return batch(ProtocolFamily.netdev, [
    [Message.newTable, concat([text(Table.name, name), be32(Table.flags, NFT_TABLE_F_OWNER)])],
    ...sets.flatMap((set) => setMessages(name, set)),
    ...devices.flatMap((device, index) => [
      chainMessage(name, `ingress_${index}_first`, [
        be32(Hook.number, INGRESS),
        be32(Hook.priority, VERY_FIRST),
        text(Hook.device, device),
      ]),
      ...rules.map((expressions) => ruleMessage(name, `ingress_${index}_first`, expressions)),
    ]),
  ]);
}

interface TableSet extends NamedSet {
  readonly end: "near" | "far";
  readonly what: "addresses" | "ports";
  readonly keyType: number;
  readonly keys: readonly Uint8Array[];
}

function setsOf({ family, near, far }: Selection): TableSet[] {
  const keyType = family === 4 ? KeyType.address4 : KeyType.address6;
  const of = (end: TableSet["end"], { addresses, except, ports }: FlowEnd): Omit<TableSet, "id">[] => [
    ...addressSet(addresses, { end, keyType, name: `${end}_addresses`, isExcluded: false }),
    ...addressSet(except, { end, keyType, name: `${end}_others`, isExcluded: true }),
    ...portSet(ports, end),
  ];
  return [...of("near", near), ...of("far", far)].map((set, index) => ({ ...set, id: index + 1 }));
}

type SetHead = Pick<TableSet, "end" | "keyType" | "name" | "isExcluded">;

const addressSet = (addresses: readonly string[] | undefined, head: SetHead): Omit<TableSet, "id">[] =>
  addresses === undefined ? [] : [{ ...head, what: "addresses", keys: [...new Set(addresses)].map(addressBytes) }];

function portSet(ports: readonly number[] | undefined, end: TableSet["end"]): Omit<TableSet, "id">[] {
  if (ports === undefined) return [];
  const keys = [...new Set(ports)].map((port) => Uint8Array.of(port >> 8, port & 255));
  return [{ end, what: "ports", name: `${end}_ports`, isExcluded: false, keyType: KeyType.port, keys }];
}

function setMessages(table: string, set: TableSet): [number, Buffer][] {
  const head = concat([
    text(NfSet.table, table),
    text(NfSet.name, set.name),
    be32(NfSet.flags, 0),
    be32(NfSet.keyType, set.keyType),
    be32(NfSet.keyLength, KEY_LENGTH[set.keyType] ?? 0),
    be32(NfSet.id, set.id),
  ]);
  const elements = concat([
    text(Elements.table, table),
    text(Elements.set, set.name),
    be32(Elements.setId, set.id),
    nested(Elements.elements, set.keys.map(element)),
  ]);
  return [
    [Message.newSet, head],
    [Message.newElements, elements],
  ];
}

function chainMessages(table: string, hook: HookName): [number, Buffer][] {
  return (["first", "last"] as const).map((end) =>
    chainMessage(table, `${hook}_${end}`, [
      be32(Hook.number, HOOKS[hook]),
      be32(Hook.priority, end === "first" ? FIRST : LAST),
    ]),
  );
}

const chainMessage = (table: string, name: string, hook: readonly Buffer[]): [number, Buffer] => [
  Message.newChain,
  concat([
    text(Chain.table, table),
    text(Chain.name, name),
    nested(Chain.hook, hook),
    be32(Chain.policy, NF_ACCEPT),
    text(Chain.type, "filter"),
  ]),
];

const ruleMessage = (table: string, chain: string, expressions: readonly Buffer[]): [number, Buffer] => [
  Message.newRule,
  concat([text(Rule.table, table), text(Rule.chain, chain), nested(Rule.expressions, expressions)]),
];

/** Where a header of IP and of what it carries have what is compared. */
const LAYOUT = {
  4: { source: 12, destination: 16, addressLength: 4, headerLength: 20 },
  6: { source: 8, destination: 24, addressLength: 16, headerLength: 40 },
} as const;
const SOURCE_PORT = 0;
const DESTINATION_PORT = 2;
const ICMP_HEADER = 8;
const ECHO_ID = 4;

/** One rule for each way, and one for errors that are sent back. */
function rulesOf(selection: Selection, sets: readonly TableSet[]): Buffer[][] {
  const { family, protocol } = selection;
  const { source, destination, addressLength, headerLength } = LAYOUT[family];
  const inEnd = (end: TableSet["end"], what: TableSet["what"], base: number, offset: number): Buffer[] => {
    const length = what === "ports" ? 2 : addressLength;
    return sets
      .filter((set) => set.end === end && set.what === what)
      .flatMap((set) => inSet(base, offset, length, set));
  };
  const addresses = (near: number, far: number): Buffer[] => [
    ...inEnd("near", "addresses", Base.network, near),
    ...inEnd("far", "addresses", Base.network, far),
  ];
  const ports = (near: number, far: number): Buffer[] => [
    ...inEnd("near", "ports", Base.transport, near),
    ...inEnd("far", "ports", Base.transport, far),
  ];
  const echo = (way: keyof (typeof EchoType)[4]): Buffer[] => [
    ...hasBytes(Base.transport, 0, Uint8Array.of(EchoType[family][way])),
    ...inEnd("near", "ports", Base.transport, ECHO_ID),
  ];
  const number = protocolNumber(protocol, family);
  const quoted = ICMP_HEADER + headerLength;
  const there = [
    ...addresses(source, destination),
    ...(protocol === "icmp" ? echo("request") : ports(SOURCE_PORT, DESTINATION_PORT)),
  ];
  const back = [
    ...addresses(destination, source),
    ...(protocol === "icmp" ? echo("reply") : ports(DESTINATION_PORT, SOURCE_PORT)),
  ];
  const error = [
    ...inEnd("near", "addresses", Base.network, destination),
    ...hasBytes(Base.transport, ICMP_HEADER + (family === 4 ? 9 : 6), Uint8Array.of(number)),
    ...(protocol === "icmp"
      ? inEnd("near", "ports", Base.transport, quoted + ECHO_ID)
      : ports(quoted + SOURCE_PORT, quoted + DESTINATION_PORT)),
  ];
  const rule = (carried: number, conditions: readonly Buffer[]): Buffer[] => [
    ...isProtocol(carried),
    ...conditions,
    atMost(PACKETS_PER_SECOND),
    ...startTrace(),
  ];
  return [rule(number, there), rule(number, back), rule(errorProtocol(family), error)];
}

/** A transaction: everything is done or nothing. The last message asks for an answer, any other one gets one if it fails. */
function batch(family: number, changes: readonly [number, Buffer][]): Buffer {
  const { request, create, exclusive, ack } = MessageFlag;
  const messages = changes.map(([type, payload], index) => {
    const flags =
      request | create | (type === Message.newElements ? 0 : exclusive) | (index === changes.length - 1 ? ack : 0);
    return message(type, flags, index + 1, concat([nfgenmsg(family, 0), payload]));
  });
  return concat([
    message(NFNL_MSG_BATCH_BEGIN, request, 0, nfgenmsg(0, NFNL_SUBSYS_NFTABLES)),
    ...messages,
    message(NFNL_MSG_BATCH_END, request, changes.length + 1, nfgenmsg(0, NFNL_SUBSYS_NFTABLES)),
  ]);
}

/** struct nfgenmsg */
const nfgenmsg = (family: number, subsystem: number): Buffer =>
  Buffer.from([family, 0, subsystem >> 8, subsystem & 255]);
