/** What went over a container's network interfaces. */
import { readFileSync } from "node:fs";
import { hasCode } from "../../lib/errors.ts";

/** Docker's names. */
export interface InterfaceCounters {
  readonly rx_bytes: number;
  readonly rx_packets: number;
  readonly rx_errors: number;
  readonly rx_dropped: number;
  readonly tx_bytes: number;
  readonly tx_packets: number;
  readonly tx_errors: number;
  readonly tx_dropped: number;
}

/** @returns counters by interface, without loopback; none when the process has ended */
export function countersOf(pid: number): Readonly<Record<string, InterfaceCounters>> {
  try {
    return parseCounters(readFileSync(`/proc/${pid}/net/dev`, "utf8"));
  } catch (error) {
    if (hasCode(error, "ENOENT", "ESRCH", "EINVAL")) return {};
    throw error;
  }
}

/** `/proc/<pid>/net/dev`, see proc_pid_net(5): two lines of titles, eight columns received, eight sent. For tests. */
export function parseCounters(text: string): Readonly<Record<string, InterfaceCounters>> {
  const counters: Record<string, InterfaceCounters> = {};
  for (const line of text.trimEnd().split("\n").slice(2)) {
    const [name = "", values = ""] = line.trim().split(/:\s*/);
    if (name === "lo") continue;
    const column = values.split(/\s+/).map(Number);
    const at = (index: number): number => column[index] ?? 0;
    counters[name] = {
      rx_bytes: at(0),
      rx_packets: at(1),
      rx_errors: at(2),
      rx_dropped: at(3),
      tx_bytes: at(8),
      tx_packets: at(9),
      tx_errors: at(10),
      tx_dropped: at(11),
    };
  }
  return counters;
}
