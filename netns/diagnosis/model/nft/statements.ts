/** Statements of nft's JSON (libnftables-json(5)). */
import { readAddress } from "../../../ipam/ip.ts";
import { certain, not } from "../rules/certainty.ts";
import { countsMoreThan } from "../rules/connection-count.ts";
import { exact, number } from "../rules/scalar.ts";
import type { RuleContext, Statement, Verdict } from "../rules/types.ts";
import { readExpression } from "./expressions.ts";
import { readMatch } from "./match.ts";
import type { NftTable } from "./table.ts";
import { readTranslation } from "./translation.ts";

/** What does not change what becomes of a packet. */
const SILENT = new Set([
  "counter",
  "log",
  "comment",
  "ct helper",
  "ct timeout",
  "ct expectation",
  "flow",
  "dup",
  "secmark",
  "reset",
]);

export function readStatement(json: object, table: NftTable): Statement {
  const [[kind, body] = ["", undefined]] = Object.entries(json);
  const verdict = readVerdict(kind, body);
  if (verdict !== undefined) return () => ({ verdict });
  if (SILENT.has(kind)) return nothing;
  switch (kind) {
    case "match":
      return readMatch(body, table);
    case "vmap":
      return readVerdictMap(body, table);
    case "dnat":
    case "snat":
    case "masquerade":
    case "redirect":
      return readTranslation(kind, body, table);
    case "limit":
      return readLimit(body);
    case "quota":
    case "meter":
    case "last":
      return () => ({ holds: "sometimes" });
    case "ct count":
      return readConnectionCount(body);
    case "set":
    case "map":
      return readUpdate(body);
    case "mangle":
      return readMangle(body);
    case "notrack":
      return (context, certainty) => {
        if (context.connection === undefined) context.untracked = certainty;
        return undefined;
      };
    case "synproxy":
      return readProxy;
    case "xt":
      return readExtension(body);
    default:
      // Others than these decide themselves: a proxy for handshakes, another way out.
      return () => ({ verdict: { kind: "queue" } });
  }
}

/**
 * A proxy for handshakes takes packets that connection tracking leaves alone. One that is tracked comes to it as well when
 * the server answers, and the two never get together: see nft(8), SYNPROXY STATEMENT.
 */
const readProxy: Statement = ({ tracking }) => ({
  verdict: { kind: tracking === "new" || tracking === "established" ? "drop" : "queue" },
});

/** A match or a target of iptables, of which nft tells the name alone. */
function readExtension(body: { readonly type?: string } | null): Statement {
  const isTarget = body?.type === "target" || body?.type === "watcher";
  return () => (isTarget ? { verdict: { kind: "queue" } } : { holds: "unknown" });
}

interface LimitJson {
  readonly rate: number;
  readonly per: string;
  /** `bytes`, `kbytes` …; absent for packets. */
  readonly rate_unit?: string;
  /** It holds beyond the rate. */
  readonly inv?: boolean;
}

const SECONDS: Readonly<Record<string, number>> = { second: 1, minute: 60, hour: 3600, day: 86_400, week: 604_800 };

/** Packets a second that a question does not come to. */
const FAST = 50;

/** A rate that the few packets of a question never come to is no matter of chance. */
function readLimit({ rate, per, rate_unit, inv }: LimitJson): Statement {
  const isInBytes = rate_unit !== undefined && rate_unit !== "packets";
  const isFast = isInBytes || rate / (SECONDS[per] ?? 1) >= FAST;
  const holds = isFast ? certain(inv !== true) : "sometimes";
  return () => ({ holds });
}

const nothing: Statement = () => undefined;

function readVerdict(kind: string, body: unknown): Verdict | undefined {
  switch (kind) {
    case "accept":
    case "drop":
    case "return":
    case "continue":
    case "queue":
      return { kind };
    case "jump":
    case "goto":
      return { kind, target: (body as { target: string }).target };
    case "reject":
      return { kind, seen: readReject(body as RejectJson | null) };
    default:
      return undefined;
  }
}

interface RejectJson {
  readonly type?: string;
  readonly expr?: string;
}

/** Without more words it is `port-unreachable`, which clients see as a refusal. */
function readReject(body: RejectJson | null): "refused" | "unreachable" {
  if (body?.type === "tcp reset") return "refused";
  return body?.expr === undefined || body.expr === "port-unreachable" ? "refused" : "unreachable";
}

interface MapJson {
  readonly key: unknown;
  readonly data: unknown;
}

function readVerdictMap({ key, data }: MapJson, table: NftTable): Statement {
  const expression = readExpression(key);
  return (context) => {
    const values = expression.read(context);
    if (values === "absent") return { holds: "no" };
    const found = table.map(data, expression.types).find(values);
    if (found.holds !== "yes") return { holds: found.holds };
    const [[kind, body] = ["", undefined]] = Object.entries(found.data as object);
    const verdict = readVerdict(kind, body);
    return verdict === undefined ? { holds: "unknown" } : { verdict };
  };
}

/** `ct count 20`, and `ct count over 20`. */
function readConnectionCount({ val, inv }: { readonly val: number; readonly inv?: boolean }): Statement {
  return (context) => {
    const more = countsMoreThan(context, val);
    return { holds: inv === true ? more : not(more) };
  };
}

/** `add @seen { ip saddr limit rate 1/second }`: the limit decides. */
function readUpdate({ stmt }: { readonly stmt?: readonly object[] }): Statement {
  const limits = (stmt ?? []).some((each) => "limit" in each || "quota" in each || "ct count" in each);
  return () => (limits ? { holds: "sometimes" } : undefined);
}

function readMangle({ key, value }: { readonly key: object; readonly value: unknown }): Statement {
  const [[kind, body] = ["", undefined]] = Object.entries(key);
  const name = (body as { key?: string; field?: string }).key ?? (body as { field?: string }).field ?? "";
  const expression = readExpression(value);
  const wantedValue = (context: RuleContext): bigint | undefined => {
    const values = expression.read(context);
    return values === "absent" ? undefined : exact(values[0] ?? "unknown");
  };
  if (kind === "meta" && name === "mark") {
    return (context, certainty) => {
      context.packet.mark = certainty === "yes" ? wantedValue(context) : undefined;
      return undefined;
    };
  }
  if (kind === "ct" && name === "mark") {
    return (context, certainty) => {
      if (context.connection !== undefined) {
        context.connection.mark = certainty === "yes" ? wantedValue(context) : undefined;
      }
      return undefined;
    };
  }
  if (kind === "ct" && name === "zone") {
    return (context, certainty) => {
      if (context.connection !== undefined) return undefined;
      context.zone = certainty === "yes" ? wantedValue(context) : undefined;
      return { alters: "zone" };
    };
  }
  return kind === "payload" ? readRewrite((body as { protocol: string }).protocol, name, value) : nothing;
}

/** `tcp dport set 5353`: without connection tracking. */
function readRewrite(protocol: string, field: string, json: unknown): Statement {
  const expression = readExpression(typeof json === "string" ? undefined : json);
  const readField = readExpression({ payload: { protocol, field } });
  return (context, certainty) => {
    if (readField.read(context) === "absent") return { holds: "no" };
    const { packet } = context;
    const values = typeof json === "string" ? [addressScalar(json)] : expression.read(context);
    const value = values === "absent" ? undefined : exact(values[0] ?? "unknown");
    if (certainty !== "yes" || value === undefined) return undefined;
    if (field === "dport") packet.destinationPort = Number(value);
    else if (field === "sport") packet.sourcePort = Number(value);
    else if (field === "daddr") packet.destination = value;
    else if (field === "saddr") packet.source = value;
    else if (field === "ttl" || field === "hoplimit") packet.ttl = Number(value);
    // A checksum that is written by hand is wrong sooner or later: whoever checks it throws the packet away.
    else if (field !== "checksum") return undefined;
    return { alters: field };
  };
}

function addressScalar(word: string) {
  const address = readAddress(word);
  return address === undefined ? ("unknown" as const) : number(address.value);
}
