/** Limits of memory and swap. */
import { swapOfTotal, totalOfSwap } from "../convert.ts";
import { difference, maximumIn, numberIn, sum, v1Bytes, v1BytesIn } from "./numbers.ts";
import type { FileRule, LimitRow } from "./rule.ts";

/** v1 limits the total of memory and swap, which serves both ways to ask for swap. */
const v1Total: FileRule = {
  file: "memory.memsw.limit_in_bytes",
  write: ({ memorySwap }) => v1Bytes(memorySwap),
  read: (text) => v1BytesIn(text, "memory.memsw.limit_in_bytes"),
  usage: (text) => numberIn(text, "memory.memsw.usage_in_bytes"),
  peak: (text) => numberIn(text, "memory.memsw.max_usage_in_bytes"),
};

/** v2 limits swap alone, which serves both as well. */
const v2Swap: FileRule = {
  file: "memory.swap.max",
  write: ({ memory = "max", memorySwap = "max", swap }) => String(swap ?? swapOfTotal(memorySwap, memory)),
  read: (text) => totalOfSwap(maximumIn(text, "memory.swap.max"), maximumIn(text, "memory.max")),
  usage: (text) => sum(numberIn(text, "memory.current"), numberIn(text, "memory.swap.current")),
};

const NO_SWAP_LIMIT = "Your kernel does not support swap limit capabilities or the cgroup is not mounted";

export const MEMORY_ROWS: readonly LimitRow[] = [
  {
    field: "memory",
    flag: "--memory",
    hostConfig: "Memory",
    unit: "bytes",
    summary: "Memory that all processes together may use; above it the kernel reclaims, then kills.",
    controller: "memory",
    unset: "max",
    unsupported: "Your kernel does not support memory limit capabilities or the cgroup is not mounted",
    discarded: "Limitation discarded.",
    v1: {
      file: "memory.limit_in_bytes",
      write: ({ memory }) => v1Bytes(memory),
      read: (text) => v1BytesIn(text, "memory.limit_in_bytes"),
      usage: (text) => numberIn(text, "memory.usage_in_bytes"),
      peak: (text) => numberIn(text, "memory.max_usage_in_bytes"),
    },
    v2: {
      file: "memory.max",
      write: ({ memory = "max" }) => String(memory),
      read: (text) => maximumIn(text, "memory.max"),
      usage: (text) => numberIn(text, "memory.current"),
      peak: (text) => numberIn(text, "memory.peak"),
    },
  },
  {
    field: "memorySwap",
    flag: "--memory-swap",
    hostConfig: "MemorySwap",
    unit: "bytes",
    summary: "Memory and swap together; twice the memory when not given, equal to the memory for no swap.",
    controller: "memory",
    unset: "max",
    unsupported: NO_SWAP_LIMIT,
    discarded: "Memory limited without swap.",
    v1: v1Total,
    v2: v2Swap,
  },
  {
    field: "swap",
    flag: "--swap",
    hostConfig: "Swap",
    unit: "bytes",
    summary: "Swap alone, whatever the memory limit is; instead of --memory-swap.",
    controller: "memory",
    unset: "max",
    unsupported: NO_SWAP_LIMIT,
    discarded: "Limitation discarded.",
    v1: {
      ...v1Total,
      read: (text) =>
        difference(v1BytesIn(text, "memory.memsw.limit_in_bytes"), v1BytesIn(text, "memory.limit_in_bytes")),
      usage: (text) => {
        const total = numberIn(text, "memory.memsw.usage_in_bytes");
        const memory = numberIn(text, "memory.usage_in_bytes");
        return total === undefined || memory === undefined ? undefined : Math.max(0, total - memory);
      },
      peak: () => undefined,
    },
    v2: {
      ...v2Swap,
      read: (text) => maximumIn(text, "memory.swap.max"),
      usage: (text) => numberIn(text, "memory.swap.current"),
      peak: (text) => numberIn(text, "memory.swap.peak"),
    },
  },
  {
    field: "memoryHigh",
    flag: "--memory-high",
    hostConfig: "MemoryHigh",
    unit: "bytes",
    summary: "Soft limit: above it the kernel slows the processes down and takes memory back, and kills nobody.",
    controller: "memory",
    unset: "max",
    unsupported: "Your kernel does not support memory.high or the cgroup is not mounted",
    discarded: "Limitation discarded.",
    wayOut: "boot the host with systemd.unified_cgroup_hierarchy=1, or give --memory alone",
    v2: {
      file: "memory.high",
      write: ({ memoryHigh = "max" }) => String(memoryHigh),
      read: (text) => maximumIn(text, "memory.high"),
      usage: (text) => numberIn(text, "memory.current"),
      peak: (text) => numberIn(text, "memory.peak"),
    },
  },
  {
    field: "memoryReservation",
    flag: "--memory-reservation",
    hostConfig: "MemoryReservation",
    unit: "bytes",
    summary: "Memory that is left to the group when the host runs short; not a cap.",
    controller: "memory",
    unset: 0,
    unsupported: "Your kernel does not support memory soft limit capabilities or the cgroup is not mounted",
    discarded: "Limitation discarded.",
    v1: {
      file: "memory.soft_limit_in_bytes",
      // A soft limit of 0 would take everything first: no protection is no soft limit.
      write: ({ memoryReservation = 0 }) => v1Bytes(memoryReservation === 0 ? "max" : memoryReservation),
      read: (text) => {
        const bytes = v1BytesIn(text, "memory.soft_limit_in_bytes");
        return bytes === "max" ? 0 : bytes;
      },
    },
    v2: {
      file: "memory.low",
      write: ({ memoryReservation = 0 }) => String(memoryReservation),
      read: (text) => maximumIn(text, "memory.low"),
    },
  },
];
