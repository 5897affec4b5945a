/** Signal names and numbers, as users write them: `KILL`, `SIGKILL`, `kill`, `9`. */
import { constants } from "node:os";
import { invalid } from "../errors.ts";

const NUMBERS = constants.signals as Readonly<Record<string, number>>;
export const SIGKILL = 9;
const SIGRTMIN = 34;
const SIGRTMAX = 64;

/**
 * @returns the signal's number
 * @throws `invalid` with Docker's text
 */
export function parseSignal(text: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : numberOf(text.toUpperCase());
  if (number === undefined || number < 1 || number > SIGRTMAX) {
    throw invalid(`invalid signal: ${text}`, "CTR_SIGNAL_INVALID");
  }
  return number;
}

function numberOf(name: string): number | undefined {
  const full = name.startsWith("SIG") ? name : `SIG${name}`;
  const realtime = /^SIGRT(MIN|MAX)(?:([+-])(\d+))?$/.exec(full);
  if (realtime === null) return NUMBERS[full];
  const [, base, sign, offset = "0"] = realtime;
  const number = (base === "MIN" ? SIGRTMIN : SIGRTMAX) + (sign === "-" ? -1 : 1) * Number(offset);
  return number >= SIGRTMIN && number <= SIGRTMAX ? number : undefined;
}

/** `9` → `SIGKILL`; numbers without a name stay decimal. */
export function signalName(number: number): string {
  return Object.entries(NUMBERS).find(([, value]) => value === number)?.[0] ?? String(number);
}
