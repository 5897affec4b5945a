/** Packets that were thrown away: how many so far, then a line each. */
import type { DiagnosisEvent } from "../../../../runtime/index.ts";
import { localSeconds } from "../../timestamp.ts";
import { alignColumns } from "../table.ts";

type Event<T> = Extract<DiagnosisEvent, { readonly type: T }>;

/** Counters that are shown, of the greatest. */
const MOST_COUNTERS = 12;
const WIDTHS = [19, 24, 18, 18] as const;

export function countersText(counters: Event<"counters">["counters"]): string {
  if (counters.length === 0) return "";
  const shown = counters.toSorted((one, other) => other.value - one.value).slice(0, MOST_COUNTERS);
  const rows = shown.map(({ place, name, value, meaning }) => [String(value), place, name, meaning]);
  return `Since the start\n${alignColumns(rows, { minimum: 0 }).replace(/^(?=.)/gm, "  ")}\n`;
}

export const dropHeading = (): string => line(["TIME", "REASON", "CONTAINER", "DEVICE", "FUNCTION"]);

export function dropLine({ time, reason, container, device, place, location }: Event<"drop">["drop"]): string {
  const where = device === undefined ? "" : `${device}${place === "host" ? " (host)" : ""}`;
  return line([localSeconds(Date.parse(time)), reason, container ?? "", where, location]);
}

const line = (cells: readonly string[]): string =>
  `${cells
    .map((cell, column) => cell.padEnd(WIDTHS[column] ?? 0))
    .join(" ")
    .trimEnd()}\n`;
