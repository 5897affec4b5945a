/** Targets of iptables, see iptables-extensions(8). */
import { readAddress } from "../../../ipam/ip.ts";
import type { PortRange, Statement, Translation } from "../rules/types.ts";
import type { Option, RuleParts } from "./options.ts";

/** What changes neither the packet's way nor what rules ask for. */
const SILENT = new Set([
  "LOG",
  "NFLOG",
  "ULOG",
  "TRACE",
  "TCPMSS",
  "CHECKSUM",
  "CLASSIFY",
  "DSCP",
  "TOS",
  "AUDIT",
  "SET",
  "TEE",
  "SECMARK",
  "CONNSECMARK",
  "RATEEST",
  "IDLETIMER",
  "TCPOPTSTRIP",
]);

/** @param isChain whether the table has a chain of that name */
export function readTarget(target: RuleParts["target"], isChain: (name: string) => boolean): Statement {
  if (target === undefined || SILENT.has(target.name)) return () => undefined;
  const { name, isGoto, options } = target;
  if (isChain(name)) return () => ({ verdict: { kind: isGoto ? "goto" : "jump", target: name } });
  switch (name) {
    case "ACCEPT":
      return () => ({ verdict: { kind: "accept" } });
    case "DROP":
      return () => ({ verdict: { kind: "drop" } });
    case "RETURN":
      return () => ({ verdict: { kind: "return" } });
    case "NFQUEUE":
    case "QUEUE":
      return () => ({ verdict: { kind: "queue" } });
    case "REJECT":
      return () => ({ verdict: { kind: "reject", seen: seenOfReject(optionValue(options, "--reject-with")) } });
    case "MASQUERADE":
      return translate({ side: "source", address: "outgoing", ports: portsOf(optionValue(options, "--to-ports")) });
    case "REDIRECT":
      return translate({
        side: "destination",
        address: "incoming",
        ports: portsOf(optionValue(options, "--to-ports")),
      });
    case "SNAT":
      return translate({ side: "source", ...readTo(optionValue(options, "--to-source")) });
    case "DNAT":
      return translate({ side: "destination", ...readTo(optionValue(options, "--to-destination")) });
    case "MARK":
    case "CONNMARK":
      return readMark(name, options);
    case "TTL":
    case "HL":
      return readHops(options);
    case "NOTRACK":
      return untrack;
    case "CT":
      return readTracking(options);
    default:
      // Others decide themselves: TPROXY, SYNPROXY, NETMAP.
      return () => ({ verdict: { kind: "queue" } });
  }
}

const optionValue = (options: readonly Option[], name: string): string | undefined =>
  options.find((option) => option.name === name)?.values[0];

const translate =
  (translation: Translation): Statement =>
  () => ({ verdict: { kind: "translate", translation } });

function seenOfReject(type: string | undefined): "refused" | "unreachable" {
  return type === undefined || type === "tcp-reset" || /port-unreach/.test(type) ? "refused" : "unreachable";
}

/** `10.0.0.2`, `10.0.0.2:80`, `[fd00::2]:80`, `:80`; of a range the kernel chooses. */
function readTo(text = ""): Pick<Translation, "address" | "ports"> {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|((?:[^:]*:){2,}[^:]*|[^:]*))(?::(.*))?$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? "";
  const value = readAddress(address)?.value;
  return { address: address === "" ? "unchanged" : (value ?? "unknown"), ports: portsOf(port) };
}

/** `80`, `5000-6000`. */
function portsOf(text = ""): PortRange | undefined {
  const [, low, high = low] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  return low === undefined ? undefined : { low: Number(low), high: Number(high) };
}

/** `--set-xmark value/mask`: bits of the mask are cleared, those of the value turned over. */
function readMark(name: string, options: readonly Option[]): Statement {
  const [value, mask = "0xffffffff"] = (optionValue(options, "--set-xmark") ?? "").split("/");
  const set = (mark: bigint | undefined): bigint | undefined =>
    mark === undefined || value === undefined || value === "" ? undefined : (mark & ~BigInt(mask)) ^ BigInt(value);
  const saves = options.some((option) => option.name === "--save-mark");
  const restores = options.some((option) => option.name === "--restore-mark");
  return (context, certainty) => {
    const { packet, connection } = context;
    const isSure = certainty === "yes";
    if (name === "MARK") packet.mark = isSure ? set(packet.mark) : undefined;
    else if (restores) packet.mark = isSure ? (connection?.mark ?? (connection ? undefined : 0n)) : undefined;
    else if (connection !== undefined) {
      connection.mark = isSure ? (saves ? packet.mark : set(connection.mark)) : undefined;
    }
    return undefined;
  };
}

/** `--ttl-set 1`, `--hl-dec 1`. */
function readHops(options: readonly Option[]): Statement {
  const [option] = options;
  const [, change = ""] = /-(set|inc|dec)$/.exec(option?.name ?? "") ?? [];
  const value = Number(option?.values[0]);
  return ({ packet }, certainty) => {
    if (certainty !== "yes" || Number.isNaN(value)) return undefined;
    if (change === "set") packet.ttl = value;
    else if (change !== "") packet.ttl += change === "inc" ? value : -value;
    return { alters: "ttl" };
  };
}

/** `--notrack`, `--zone 5`; helpers and timeouts change nothing here. */
function readTracking(options: readonly Option[]): Statement {
  if (options.some((option) => option.name === "--notrack")) return untrack;
  const zone = optionValue(options, "--zone");
  const isOfOneSide = options.some((option) => option.name === "--zone-orig" || option.name === "--zone-reply");
  if (zone === undefined && !isOfOneSide) return () => undefined;
  return (context, certainty) => {
    if (context.connection !== undefined) return undefined;
    context.zone = certainty === "yes" && zone !== undefined && /^\d+$/.test(zone) ? BigInt(zone) : undefined;
    return { alters: "zone" };
  };
}

const untrack: Statement = (context, certainty) => {
  if (context.connection === undefined) context.untracked = certainty;
  return undefined;
};
