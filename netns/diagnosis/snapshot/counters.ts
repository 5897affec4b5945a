/** Counters of the protocols: /proc/net/snmp, netstat and snmp6. See the kernel's networking/snmp_counter. */
import { readSmallFile } from "./proc-files.ts";

/** Of the namespace that the thread is in. Only what is not 0. */
export function readCounters(): Record<string, number> {
  return { ...parseTable(read("snmp")), ...parseTable(read("netstat")), ...parseLines(read("snmp6")) };
}

/** Empty where this kernel has no IPv6. */
const read = (name: string): string => readSmallFile(`/proc/thread-self/net/${name}`) ?? "";

/**
 * Exported for tests.
 * @param text two lines a protocol, names and values: `Ip: Forwarding InAddrErrors`, `Ip: 1 0`
 */
export function parseTable(text: string): Record<string, number> {
  const lines = text.split("\n");
  const counters: Record<string, number> = {};
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const [protocol = "", ...names] = (lines[at] ?? "").split(" ");
    const [, ...values] = (lines[at + 1] ?? "").split(" ");
    names.forEach((name, place) => {
      const value = Number(values[place]);
      if (value !== 0) counters[`${protocol.slice(0, -1)}.${name}`] = value;
    });
  }
  return counters;
}

/** Exported for tests. @param text `Ip6InReceives   12` a line; it becomes `Ip6.InReceives` */
export function parseLines(text: string): Record<string, number> {
  const counters: Record<string, number> = {};
  for (const [, protocol, name, value] of text.matchAll(/^(Ip6|Icmp6|Udp6|UdpLite6)(\w+)\s+([1-9]\d*)$/gm)) {
    counters[`${protocol}.${name}`] = Number(value);
  }
  return counters;
}
