/** Files of «flat keyed» format: a key and a number a line. */

const NEWLINE = 10;
const SPACE = 32;

/** The number after a key at the start of a line; 0 when the kernel does not count it. Called often: it makes no texts. */
export function counter(text: string, key: string): number {
  for (let at = text.indexOf(key); at >= 0; at = text.indexOf(key, at + 1)) {
    const end = at + key.length;
    const isKey = (at === 0 || text.charCodeAt(at - 1) === NEWLINE) && text.charCodeAt(end) === SPACE;
    if (isKey) return Number.parseInt(text.slice(end + 1, end + 21), 10);
  }
  return 0;
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
