/** A curve over time with its title, its scale and its newest value. */
import { column, lastOf } from "./blocks.ts";

export interface Curve {
  readonly title: string;
  /** Its newest value, in words. */
  readonly value: string;
  /** Oldest first. Undefined: not measured then. */
  readonly values: readonly (number | undefined)[];
  /** The value at the upper edge. */
  readonly max: number;
  /** The upper edge in words. */
  readonly maxText: string;
}

export interface Size {
  /** Characters. */
  readonly width: number;
  readonly height: number;
}

/** The least in which a curve can be seen. */
export const LEAST: Size = { width: 24, height: 4 };

/** Exactly `height` lines of `width` characters: a title, and the curve beside its scale. */
export function drawPanel({ title, value, values, max, maxText }: Curve, { width, height }: Size): string[] {
  const rows = Math.max(1, height - 1);
  const margin = Math.max(maxText.length, 1) + 1;
  const columns = lastOf(values, Math.max(1, width - margin)).map((point) => column(point, max, rows));
  const lines = Array.from({ length: rows }, (_, index) => {
    const row = rows - 1 - index;
    const label = index === 0 ? maxText : row === 0 ? "0" : "";
    return fitted(`${label.padStart(margin - 1)}│${columns.map((cells) => cells[row] ?? " ").join("")}`, width);
  });
  return [fitted(`${title}: ${value}`, width), ...lines];
}

/** Cut, which an ellipsis tells, or filled to a width. */
export function fitted(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) return text + " ".repeat(width - characters.length);
  return `${characters.slice(0, Math.max(0, width - 1)).join("")}${width > 0 ? "…" : ""}`;
}

/** Panels side by side where the width allows, and below each other. Fills the size. */
export function drawPanels(curves: readonly Curve[], { width, height }: Size): string[] {
  const across = width >= 2 * LEAST.width + 2 ? Math.min(2, curves.length) : 1;
  const rows = Math.ceil(curves.length / across);
  // Those that there is no room for are left away: better few that can be read.
  const down = Math.max(1, Math.min(rows, Math.floor(height / LEAST.height)));
  const panel = { width: Math.floor((width - 2 * (across - 1)) / across), height: Math.floor(height / down) };
  return Array.from({ length: down }, (_, row) => {
    const drawn = curves.slice(row * across, (row + 1) * across).map((curve) => drawPanel(curve, panel));
    return Array.from({ length: panel.height }, (_, line) =>
      drawn
        .map((lines) => lines[line] ?? "")
        .join("  ")
        .trimEnd(),
    );
  }).flat();
}
