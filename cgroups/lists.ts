/** The kernel's lists of CPUs and memory nodes, `0-2,4`: see «List format» in cpuset(7). */

const LIST = /^\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*$/;
/** Beyond any machine; keeps `0-999999999` from becoming an array. Docker's own bound. */
const LARGEST = 8192;

/**
 * @returns the numbers, ascending, each once; undefined when the text is no list
 */
export function parseList(text: string): number[] | undefined {
  if (text === "") return [];
  if (!LIST.test(text)) return undefined;
  const numbers = new Set<number>();
  for (const part of text.split(",")) {
    const [first = 0, last = first] = part.split("-").map(Number);
    if (last < first || last > LARGEST) return undefined;
    for (let number = first; number <= last; number++) numbers.add(number);
  }
  return [...numbers].sort((a, b) => a - b);
}

/** What is wrong with a text that is no list, in Docker's words. */
export function whyNoList(text: string): string {
  const isOutOfRange = LIST.test(text) && text.split(/[,-]/).some((number) => Number(number) > LARGEST);
  return isOutOfRange ? `value of out range, maximum is ${LARGEST}` : `invalid format: ${text}`;
}

/** The shortest list of these ascending numbers, as the kernel prints it. */
export function formatList(numbers: readonly number[]): string {
  const parts: string[] = [];
  for (let index = 0; index < numbers.length; ) {
    const first = numbers[index] ?? 0;
    let last = first;
    while (numbers[index + 1] === last + 1) {
      last++;
      index++;
    }
    parts.push(first === last ? `${first}` : `${first}-${last}`);
    index++;
  }
  return parts.join(",");
}
