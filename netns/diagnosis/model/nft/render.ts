/** Writes rules of nft's JSON as nft(8) does, for people. Close to it, not to be fed back. */

export function renderRule(statements: readonly object[], comment: string | undefined): string {
  const parts = statements.map(renderStatement).filter((part) => part !== "");
  return [...parts, ...(comment === undefined ? [] : [`comment "${comment}"`])].join(" ");
}

function renderStatement(json: object): string {
  const [[kind, body] = ["", undefined]] = Object.entries(json);
  const value = body as Json;
  switch (kind) {
    case "match":
      return renderMatch(value);
    case "counter":
      return "counter";
    case "jump":
    case "goto":
      return `${kind} ${String(value["target"])}`;
    case "vmap":
      return `${renderExpression(value["key"])} vmap ${renderExpression(value["data"])}`;
    case "dnat":
    case "snat":
    case "masquerade":
    case "redirect":
      return renderTranslation(kind, value);
    case "reject":
      return ["reject", value?.["type"] && "with", value?.["type"], value?.["expr"]].filter(Boolean).join(" ");
    case "mangle":
      return `${renderExpression(value["key"])} set ${renderExpression(value["value"])}`;
    case "limit":
      return renderLimit(value);
    case "ct count":
      return `ct count ${value["inv"] ? "over " : ""}${String(value["val"])}`;
    case "xt":
      return `xt ${String(value?.["type"] ?? "")} ${String(value?.["name"] ?? "")}`.trimEnd();
    default:
      return body === null ? kind : `${kind} ${renderExpression(body)}`.trimEnd();
  }
}

type Json = Readonly<Record<string, unknown>>;

function renderMatch({ op, left, right }: Json): string {
  const relation = op === "==" || op === "in" ? "" : `${String(op)} `;
  return `${renderExpression(left)} ${relation}${renderRight(left, right)}`;
}

function renderRight(left: unknown, right: unknown): string {
  if (typeof right === "boolean") return right ? "exists" : "missing";
  const isName = /iifname|oifname|brname/.test(JSON.stringify(left));
  if (typeof right === "string" && isName && !right.startsWith("@")) return `"${right}"`;
  return Array.isArray(right) ? right.map(renderExpression).join(",") : renderExpression(right);
}

function renderLimit({ rate, per, inv }: Json): string {
  return `limit rate ${inv ? "over " : ""}${String(rate)}/${String(per)}`;
}

function renderTranslation(kind: string, body: Json | null): string {
  if (body === null) return kind;
  const { family, addr, port } = body;
  const target = [
    addr === undefined ? "" : renderExpression(addr),
    port === undefined ? "" : `:${renderExpression(port)}`,
  ];
  const words = [kind, family, target.join("") === "" ? undefined : "to", target.join("")];
  return words.filter((word) => word !== undefined && word !== "").join(" ");
}

const KEYED = new Set(["meta", "ct", "rt", "socket"]);

function renderExpression(json: unknown): string {
  if (json === null || json === undefined) return "";
  if (Array.isArray(json)) return json.map(renderExpression).join(", ");
  if (typeof json !== "object") return String(json);
  const [[kind, body] = ["", undefined]] = Object.entries(json);
  const value = body as Json;
  if (KEYED.has(kind)) return renderKeyed(kind, value);
  switch (kind) {
    case "payload":
      return value["field"] === undefined ? "@payload" : `${String(value["protocol"])} ${String(value["field"])}`;
    case "fib":
      return `fib ${[value["flags"]].flat().join(" . ")} ${String(value["result"])}`;
    case "concat":
      return (body as unknown[]).map(renderExpression).join(" . ");
    case "prefix":
      return `${renderExpression(value["addr"])}/${String(value["len"])}`;
    case "range":
      return (body as unknown[]).map(renderExpression).join("-");
    case "set":
      return `{ ${[body].flat().map(renderElement).join(", ")} }`;
    case "map":
      return `${renderExpression(value["key"])} map ${renderExpression(value["data"])}`;
    case "elem":
      return renderExpression(value["val"]);
    case "&":
    case "|":
    case "^":
    case "<<":
    case ">>":
      return (body as unknown[]).map(renderExpression).join(` ${kind} `);
    case "numgen":
      return `numgen ${String(value["mode"])} mod ${String(value["mod"])}`;
    default:
      return renderOther(kind, body);
  }
}

function renderKeyed(kind: string, { key, dir }: Json): string {
  const isPlain = kind === "meta" && /^(?:[io]if(?:name)?|mark|pkttype|skuid|skgid)$/.test(String(key));
  return [isPlain ? undefined : kind, dir, key].filter((word) => word !== undefined).join(" ");
}

function renderElement(element: unknown): string {
  if (!Array.isArray(element)) return renderExpression(element);
  const [key, data] = element as [unknown, unknown];
  const isVerdict = typeof data === "object" && data !== null && !("concat" in data);
  return `${renderExpression(key)} : ${isVerdict ? renderStatement(data) : renderExpression(data)}`;
}

/** A verdict in a map, or something seldom. */
function renderOther(kind: string, body: unknown): string {
  if (body === null) return kind;
  const target = (body as { target?: unknown }).target;
  return target === undefined ? `${kind} ${JSON.stringify(body)}` : `${kind} ${String(target)}`;
}
