/** Colours and texts of drawings. */

/** Told apart also by people who do not see all colours (Okabe and Ito). */
export const SERIES_COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"];

export const PALETTE = { ink: "#222", grey: "#777", line: "#ddd", bad: "#b00020", good: "#00664a" } as const;

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

export const xml = (text: string): string => text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);

/** Pixels, to a tenth. */
export const at = (value: number): string => String(Math.round(value * 10) / 10);
