/** The steps of a packet: what the model says of each beside what was seen, fitted to the terminal's width. */
import type { JoinedHop } from "../../../../netns/index.ts";
import type { FlowLayout } from "./flow.ts";
import type { Ink } from "./paint.ts";

const HEADINGS = ["#", "WHERE", "DEVICE", "CHECK", "MODEL", "LIVE", "EVIDENCE"] as const;
const CHECK = 3;
const MODEL = 4;
const LIVE = 5;
const EVIDENCE = 6;
const GAP = 2;
/** Columns where output goes elsewhere than to a terminal. */
const USUAL_WIDTH = 140;
/** Of the room that is left, for the check; the rest is for the evidence. */
const CHECK_SHARE = 0.55;
const NARROWEST_CHECK = 24;
const NARROWEST_EVIDENCE = 12;

const MODEL_WORDS = { ok: "ok", dies: "ENDS", unknown: "?", "-": "-" } as const;
const LIVE_WORDS = { seen: "seen", died: "ENDS", "not seen": "--", "-": "-" } as const;

export function traceTable(hops: readonly JoinedHop[], { paint, width = USUAL_WIDTH }: FlowLayout): string {
  const rows = hops.map(({ hop, where, text, model, live, evidence }, index) => [
    String(index + 1),
    where,
    hop?.device ?? "",
    text,
    MODEL_WORDS[model],
    LIVE_WORDS[live],
    evidence.join("; "),
  ]);
  const widths = fitted([[...HEADINGS], ...rows], width);
  const inkOf = (row: readonly string[]): Ink | undefined =>
    row[MODEL] === "ENDS" || row[LIVE] === "ENDS" ? "red" : undefined;
  const lines = [[...HEADINGS], ...rows].map((row) => {
    const line = rowText(row, widths);
    const ink = inkOf(row);
    return `${ink === undefined ? line : paint(ink, line)}\n`;
  });
  return lines.join("");
}

/** Widths of the columns; the last is 0 when there is no room for it. */
function fitted(rows: readonly (readonly string[])[], width: number): number[] {
  const natural = HEADINGS.map((_, column) => Math.max(...rows.map((row) => lengthOf(row[column] ?? ""))));
  const at = (column: number): number => natural[column] ?? 0;
  const fixed = natural.reduce(
    (sum, one, column) => sum + (column === CHECK || column === EVIDENCE ? 0 : one + GAP),
    0,
  );
  const room = Math.max(NARROWEST_CHECK, width - fixed - GAP);
  if (at(CHECK) + at(EVIDENCE) <= room) return natural;
  const check = Math.min(at(CHECK), Math.max(NARROWEST_CHECK, Math.floor(room * CHECK_SHARE), room - at(EVIDENCE)));
  const left = room - check;
  const evidence = left < NARROWEST_EVIDENCE ? 0 : Math.min(at(EVIDENCE), left);
  return natural.with(CHECK, evidence === 0 ? Math.min(at(CHECK), room) : check).with(EVIDENCE, evidence);
}

function rowText(row: readonly string[], widths: readonly number[]): string {
  const cells = row.flatMap((cell, column) => {
    const width = widths[column] ?? 0;
    return width === 0 ? [] : [cut(cell, width).padEnd(width)];
  });
  return cells.join(" ".repeat(GAP)).trimEnd();
}

const lengthOf = (text: string): number => [...text].length;

const cut = (text: string, width: number): string =>
  lengthOf(text) <= width ? text : `${[...text].slice(0, width - 1).join("")}…`;
