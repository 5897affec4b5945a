/** Rows of `ctr net rules`. */
import { isFullId, shortId } from "../../../lib/ids.ts";
import type { FirewallRow } from "../../../netns/index.ts";
import type { RowFields } from "./row.ts";
import type { Columns } from "./rows.ts";

export const RULE_HEADINGS: Columns = {
  Place: "PLACE",
  Owner: "OWNER",
  Packets: "PACKETS",
  Bytes: "BYTES",
  Text: "RULE OR ELEMENT",
  Kind: "KIND",
};
export const RULE_COLUMNS = ["Place", "Owner", "Packets", "Bytes", "Text"] as const;

export const ruleRow = ({ kind, place, text, owner, packets, bytes }: FirewallRow): RowFields => ({
  Kind: kind,
  Place: place,
  Owner: isFullId(owner) ? shortId(owner) : owner,
  Packets: packets ?? "-",
  Bytes: bytes ?? "-",
  Text: text,
});
