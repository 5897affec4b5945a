/** Renders entries as elements of our sets and maps. Pure. */
import { safeComment } from "../checks.ts";
import type { Entry, EntryOf } from "../entries.ts";
import type { Delta } from "../ledger.ts";
import { type CollectionName, TABLE } from "./table.ts";

export interface Element {
  readonly collection: CollectionName;
  readonly key: string;
  /** Set in maps. */
  readonly value?: string;
}

const BRIDGE_SET = {
  bridge: "bridges",
  closed: "closed",
  internal: "internal",
  routed: "routed",
  unprotected: "unprotected",
} as const;

export function elementOf(entry: Entry): Element {
  const { family } = entry;
  switch (entry.kind) {
    case "pair":
      return { collection: "pairs", key: join(nfProto(entry), link(entry.from), link(entry.to)) };
    case "subnet":
      return { collection: `subnets${family}`, key: entry.subnet };
    case "masquerade":
      return { collection: `masq${family}`, key: entry.subnet };
    case "snat":
      return { collection: `snat${family}`, key: entry.subnet, value: entry.source };
    case "hostPort": {
      const { hostIp, protocol, port, target } = entry;
      const value = join(target.address, target.port);
      return hostIp === undefined
        ? { collection: `hp${family}`, key: join(protocol, port), value }
        : { collection: `hp${family}addr`, key: join(hostIp, protocol, port), value };
    }
    case "open": {
      const { from, address, protocol, port } = entry;
      return from === undefined
        ? { collection: `open${family}`, key: join(address, protocol, port) }
        : { collection: `trusted${family}`, key: join(link(from), address, protocol, port) };
    }
    case "grant":
      return elementOfGrant(entry);
    default:
      return { collection: BRIDGE_SET[entry.kind], key: join(nfProto(entry), link(entry.bridge)) };
  }
}

function elementOfGrant(entry: EntryOf<"grant">): Element {
  const { family, from, to, service } = entry;
  const tail = service === undefined ? [] : [service.protocol, service.port];
  const suffix = service === undefined ? "" : "_port";
  if (from.address === undefined) {
    return to.address === undefined
      ? { collection: "pairs_port", key: join(nfProto(entry), link(from.bridge), link(to.bridge), ...tail) }
      : { collection: `nc${family}${suffix}`, key: join(link(from.bridge), to.address, ...tail) };
  }
  return to.address === undefined
    ? { collection: `cn${family}${suffix}`, key: join(link(from.bridge), from.address, link(to.bridge), ...tail) }
    : { collection: `cc${family}${suffix}`, key: join(link(from.bridge), from.address, to.address, ...tail) };
}

const nfProto = ({ family }: Entry): string => `ipv${family}`;
const link = (name: string): string => `"${name}"`;
const join = (...parts: readonly (string | number)[]): string => parts.join(" . ");

/**
 * `together`: the elements of a set in one statement, which costs nft a fifth less. `apart`: one a statement, so that its
 * error names the element.
 */
export type Layout = "together" | "apart";

// Not `create`: the same element again is fine, and the kernel refuses the key with another value all the same.
export const additions = (entries: readonly Entry[], layout: Layout): string =>
  statements("add", entries, layout, ({ key, value }, { owner }) => {
    const target = value === undefined ? "" : ` : ${value}`;
    return `${key} comment "${safeComment(owner)}"${target}`;
  });

const deletions = (entries: readonly Entry[], layout: Layout): string =>
  statements("delete", entries, layout, ({ key }) => key);

export const deltaScript = ({ add, remove }: Delta, layout: Layout): string =>
  deletions(remove, layout) + additions(add, layout);

function statements(
  verb: "add" | "delete",
  entries: readonly Entry[],
  layout: Layout,
  write: (element: Element, entry: Entry) => string,
): string {
  const written = entries.map((entry) => {
    const element = elementOf(entry);
    return { collection: element.collection, text: write(element, entry) };
  });
  const groups =
    layout === "apart" ? written.map((each) => [each]) : Map.groupBy(written, ({ collection }) => collection).values();
  return [...groups]
    .map((group) => {
      const elements = group.map(({ text }) => text).join(", ");
      return `${verb} element ${TABLE} ${group[0]?.collection} { ${elements} }\n`;
    })
    .join("");
}
