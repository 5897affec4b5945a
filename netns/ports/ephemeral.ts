/** Where host ports come from when the user names none: the kernel's own range, see ip(7). */
import { readFileSync } from "node:fs";
import { hasCode } from "../../lib/errors.ts";
import type { PortRange } from "./publish.ts";

export interface EphemeralPorts {
  readonly range: PortRange;
  /** Set aside by the administrator. */
  readonly reserved: readonly PortRange[];
}

const DEFAULT_RANGE: PortRange = { start: 49153, end: 65535 };

/** What the kernel says now, in the network namespace of the calling thread. */
export function readEphemeralPorts(): EphemeralPorts {
  return parseEphemeralPorts(readSysctl("ip_local_port_range"), readSysctl("ip_local_reserved_ports"));
}

/**
 * @param range as in `ip_local_port_range`: `32768	60999`
 * @param reserved as in `ip_local_reserved_ports`: `8080,9148-9150`, or empty
 */
export function parseEphemeralPorts(range: string, reserved: string): EphemeralPorts {
  const [start = 0, end = 0] = range.trim().split(/\s+/).map(Number);
  return {
    range: start >= 1 && end >= start && end <= 65535 ? { start, end } : DEFAULT_RANGE,
    reserved: reserved
      .trim()
      .split(",")
      .filter((item) => item !== "")
      .map((item) => {
        const [first = 0, last = first] = item.split("-").map(Number);
        return { start: first, end: last };
      }),
  };
}

function readSysctl(name: string): string {
  try {
    return readFileSync(`/proc/sys/net/ipv4/${name}`, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return "";
    throw error;
  }
}
