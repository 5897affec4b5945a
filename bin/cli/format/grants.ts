/** Rows of `ctr net grants`. */
import type { GrantEnd, GrantRow } from "../client/network-types.ts";
import type { RowFields } from "./row.ts";
import type { Columns } from "./rows.ts";

export const GRANT_HEADINGS: Columns = { From: "FROM", Direction: "", To: "TO", Port: "PORT", ID: "ID" };
export const GRANT_COLUMNS = ["From", "Direction", "To", "Port"] as const;

export const grantRow = ({ Id, From, To, Protocol = "tcp", Port, Both }: GrantRow): RowFields => ({
  ID: Id,
  From: endText(From),
  Direction: Both ? "<->" : "->",
  To: endText(To),
  Port: Port === undefined ? "all" : `${Port}/${Protocol}`,
});

const endText = ({ Kind, Name }: GrantEnd): string => `${Kind} ${Name}`;
