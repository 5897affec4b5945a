/** Packets that were thrown away, a line each. */
import type { DiagnosisEvent } from "../../../../runtime/index.ts";
import { localSeconds } from "../../timestamp.ts";

type Drop = Extract<DiagnosisEvent, { readonly type: "drop" }>["drop"];

const WIDTHS = [21, 26, 20, 16] as const;

export const dropHeading = (): string => line(["TIME", "REASON", "WHERE", "DEVICE", "FUNCTION"]);

export function dropLine({ time, reason, place, device, location }: Drop): string {
  return line([localSeconds(Date.parse(time)), reason, place ?? "", device ?? "", location]);
}

const line = (cells: readonly string[]): string =>
  `${cells
    .map((cell, column) => (column < WIDTHS.length ? cell.padEnd(WIDTHS[column] ?? 0) : cell))
    .join(" ")
    .trimEnd()}\n`;
