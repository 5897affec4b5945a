/** Renders the options of a command for `--help`. */
import type { Option, OptionTable } from "./options.ts";

const WIDTH = 80;
const NARROWEST = 24;

/** The lines of an option table, `  -d, --detach   Run in the background`, sorted by name and wrapped. */
export function describeOptions(table: OptionTable, width = terminalWidth()): string {
  const rows = Object.entries(table)
    .filter(([, { deprecated }]) => deprecated === undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, option]) => ({ left: leftOf(name, option), help: helpOf(option) }));
  const indent = Math.max(...rows.map(({ left }) => left.length)) + 3;
  const room = Math.max(width - indent, NARROWEST);
  return rows
    .map(({ left, help }) => {
      const [first = "", ...more] = wrap(help, room);
      return [left.padEnd(indent) + first, ...more.map((line) => " ".repeat(indent) + line)].join("\n");
    })
    .join("\n");
}

const leftOf = (name: string, { short, value }: Option<unknown>): string =>
  `${short === undefined ? "      " : `  -${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`;

const helpOf = ({ help, initial }: Option<unknown>): string => (initial === true ? `${help} (default true)` : help);

/** Breaks a text into lines of at most `width` characters, between words. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    let line = "";
    for (const word of paragraph.split(" ")) {
      if (line !== "" && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else line = line === "" ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}

function terminalWidth(): number {
  return process.stdout.isTTY ? Math.max(process.stdout.columns || WIDTH, WIDTH) : WIDTH;
}
