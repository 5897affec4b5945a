/** Reads what nft lists of our table as rows. */
import { CommandError, runCommand } from "../../../lib/command.ts";
import { hasCode } from "../../../lib/errors.ts";
import type { FirewallRow } from "../types.ts";
import { TABLE, USER_CHAIN } from "./table.ts";
import type { NftTransport } from "./transport.ts";

/** @returns rows of the table; none when there is no table */
export async function listTable(transport: NftTransport): Promise<FirewallRow[]> {
  return parseTable(await listText(transport));
}

/** In a process of its own, because a long list takes a tenth of a second; the library is for hosts without nft. */
async function listText(transport: NftTransport): Promise<string> {
  try {
    const { stdout } = await runCommand(["nft", "list", "table", ...TABLE.split(" ")], { expect: [0, 1] });
    return stdout;
  } catch (error) {
    if (!(error instanceof CommandError && hasCode(error.cause, "ENOENT"))) throw error;
    return transport.run(`list table ${TABLE}\n`);
  }
}

/**
 * Exported for tests.
 * @param listing as `nft list table` writes it
 */
export function parseTable(listing: string): FirewallRow[] {
  return [...listing.matchAll(/^\t(set|map|chain) (\S+) \{\n(.*?)^\t\}/gms)].flatMap(
    ([, kind, place = "", body = ""]) => (kind === "chain" ? rulesOf(place, body) : elementsOf(place, body)),
  );
}

function rulesOf(place: string, body: string): FirewallRow[] {
  const owner = place === USER_CHAIN ? "user" : "ctr";
  const lines = body.split("\n").map((line) => line.trim());
  return lines
    .filter((line) => line !== "" && !line.startsWith("type "))
    .map((line) => ({ kind: "rule", place, owner, ...countersOf(line) }));
}

/** Commas only stand between elements: comments of ours have none. */
function elementsOf(place: string, body: string): FirewallRow[] {
  const [, list = ""] = /elements = \{ (.*) \}/s.exec(body) ?? [];
  const elements = list.split(",").map((element) => element.trim().replace(/\s+/g, " "));
  return elements
    .filter((element) => element !== "")
    .map((element) => {
      const [comment = "", owner = ""] = / comment "([^"]*)"/.exec(element) ?? [];
      return { kind: "element", place, owner, ...countersOf(element.replace(comment, "")) };
    });
}

const COUNTER = / ?counter packets (\d+) bytes (\d+)/;

function countersOf(line: string): Pick<FirewallRow, "text" | "packets" | "bytes"> {
  const [, packets, bytes] = COUNTER.exec(line) ?? [];
  const text = line.replace(COUNTER, "").trim();
  return packets === undefined ? { text } : { text, packets: Number(packets), bytes: Number(bytes) };
}
