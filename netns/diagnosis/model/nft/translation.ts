/** dnat, snat, masquerade and redirect: where their addresses and ports come from. */
import { readAddress } from "../../../ipam/ip.ts";
import type { Scalar } from "../rules/scalar.ts";
import type { Certainty, PortRange, RuleContext, Statement, Translation } from "../rules/types.ts";
import { readPattern } from "./datatypes.ts";
import { readExpression } from "./expressions.ts";
import { bodyOf, partsOf } from "./json.ts";
import type { NftTable } from "./table.ts";

interface TranslationJson {
  /** `ip`, `ip6`. */
  readonly family?: string;
  readonly addr?: unknown;
  readonly port?: unknown;
}

/** @returns two statements: a look-up that may find nothing, whereupon the rule does not hold; and the verdict */
export function readTranslation(
  kind: "dnat" | "snat" | "masquerade" | "redirect",
  body: TranslationJson | null,
  table: NftTable,
): Statement {
  const { family, addr, port } = body ?? {};
  const side = kind === "dnat" || kind === "redirect" ? "destination" : "source";
  const fixed = kind === "masquerade" ? "outgoing" : kind === "redirect" ? "incoming" : undefined;
  const address = fixed === undefined && addr !== undefined ? readTarget(addr, table) : undefined;
  const portOf = port === undefined ? undefined : readTarget(port, table);
  return (context, certainty) => {
    if (family !== undefined && (family === "ip") !== (context.packet.family === 4)) return { holds: "no" };
    const target = address?.(context) ?? { holds: "yes", data: undefined };
    const targetPort = portOf?.(context) ?? { holds: "yes", data: undefined };
    if (target.holds === "no" || targetPort.holds === "no") return { holds: "no" };
    const { address: found, ports } = splitTarget(target.data);
    const isSure = target.holds === "yes" && targetPort.holds === "yes" && certainty !== "no";
    const translation: Translation = {
      side,
      address: fixed ?? (isSure ? found : "unknown"),
      ports: portOf === undefined ? ports : (splitTarget(targetPort.data).ports ?? portsOf(targetPort.data)),
    };
    return { verdict: { kind: "translate", translation } };
  };
}

interface Target {
  readonly holds: Certainty;
  readonly data: unknown;
}

/** An address, a range, or the value of a map. */
function readTarget(json: unknown, table: NftTable): (context: RuleContext) => Target {
  const map = bodyOf(json, "map");
  if (map === undefined) return () => ({ holds: "yes", data: json });
  const key = readExpression(bodyOf(map, "key"));
  return (context) => {
    const values = key.read(context);
    if (values === "absent") return { holds: "no", data: undefined };
    return table.map(bodyOf(map, "data"), key.types).find(values as readonly Scalar[]);
  };
}

/** `{"concat": ["10.0.0.2", 80]}`, an address alone, or a range of which the kernel chooses one. */
function splitTarget(data: unknown): Pick<Translation, "address" | "ports"> {
  if (data === undefined) return { address: "unchanged", ports: undefined };
  const [address, port] = partsOf(data);
  const value = typeof address === "string" ? readAddress(address)?.value : undefined;
  return { address: value ?? "unknown", ports: portsOf(port) };
}

function portsOf(json: unknown): PortRange | undefined {
  const pattern = readPattern("port", json);
  if (typeof pattern !== "object" || !("low" in pattern)) return undefined;
  return { low: Number(pattern.low), high: Number(pattern.high) };
}
