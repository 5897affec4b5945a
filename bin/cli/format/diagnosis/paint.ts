/** Colour for terminals. It never says anything that the words do not. */

export type Ink = "red" | "green" | "yellow" | "bold" | "dim";

const CODES: Readonly<Record<Ink, number>> = { red: 31, green: 32, yellow: 33, bold: 1, dim: 2 };

export type Paint = (ink: Ink, text: string) => string;

export const plain: Paint = (_, text) => text;

const coloured: Paint = (ink, text) => (text === "" ? "" : `\x1b[${CODES[ink]}m${text}\x1b[0m`);

/** See https://no-color.org. */
export function paintFor(output: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): Paint {
  return output.isTTY === true && !env["NO_COLOR"] && env["TERM"] !== "dumb" ? coloured : plain;
}
