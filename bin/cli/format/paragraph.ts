/** Sentences for people, broken into lines. */

/** Columns where output goes elsewhere than to a terminal. */
const USUAL_WIDTH = 100;
const NARROWEST = 40;

/** Breaks at spaces only: a path or a command stays whole. */
export function wrap(text: string, indent = "", width = process.stdout.columns ?? USUAL_WIDTH): string {
  const room = Math.max(NARROWEST, Math.min(width, USUAL_WIDTH)) - indent.length;
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > room) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines.map((line) => `${indent}${line}\n`).join("");
}
