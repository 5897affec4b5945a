/** Files of «flat keyed» format: a key and a number a line. */

/** The number after a key at the start of a line; 0 when the kernel does not count it. */
export function counter(text: string, key: string): number {
  const start = text.startsWith(`${key} `) ? 0 : text.indexOf(`\n${key} `) + 1;
  if (start === 0 && !text.startsWith(`${key} `)) return 0;
  return Number.parseInt(text.slice(start + key.length + 1), 10);
}

/** All of it. */
export function counters(text: string): Record<string, number> {
  const numbers: Record<string, number> = {};
  for (const line of text.split("\n")) {
    const space = line.lastIndexOf(" ");
    if (space > 0) numbers[line.slice(0, space)] = Number(line.slice(space + 1));
  }
  return numbers;
}
