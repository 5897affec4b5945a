/** What happens when memory runs out. */
import { counter } from "../keyed.ts";
import type { LimitRow } from "./rule.ts";

const onOff = (value: boolean | undefined): string => (value === true ? "1" : "0");

export const OOM_ROWS: readonly LimitRow[] = [
  {
    field: "memorySwappiness",
    flag: "--memory-swappiness",
    hostConfig: "MemorySwappiness",
    unit: "percent",
    summary: "How readily anonymous memory is swapped out, 0 (never) to 100; cgroup v1.",
    controller: "memory",
    // What the kernel's own groups begin with: vm.swappiness.
    unset: 60,
    unsupported: "Your kernel does not support memory swappiness capabilities or the cgroup is not mounted",
    discarded: "Memory swappiness discarded.",
    wayOut: "cgroup v2 has no swappiness: give --swap 0 to forbid swapping, or --memory-reservation to protect memory",
    v1: {
      file: "memory.swappiness",
      write: ({ memorySwappiness = 60 }) => String(memorySwappiness),
      read: (text) => Number(text("memory.swappiness") ?? 60),
    },
  },
  {
    field: "oomKillDisable",
    flag: "--oom-kill-disable",
    hostConfig: "OomKillDisable",
    unit: "switch",
    summary: "Processes wait for memory instead of being killed; cgroup v1.",
    controller: "memory",
    unset: false,
    unsupported: "Your kernel does not support OomKillDisable",
    discarded: "OomKillDisable discarded.",
    wayOut: "cgroup v2 always kills: give --memory-high below --memory, and watch the pressure (ctr limit events)",
    v1: {
      file: "memory.oom_control",
      write: ({ oomKillDisable }) => onOff(oomKillDisable),
      read: (text) => counter(text("memory.oom_control") ?? "", "oom_kill_disable") === 1,
      valueIn: (content) => String(counter(content, "oom_kill_disable")),
    },
  },
  {
    field: "oomGroup",
    flag: "--oom-group",
    hostConfig: "OomGroup",
    unit: "switch",
    summary: "When memory runs out all processes of the container are killed together, none survives alone; cgroup v2.",
    controller: "memory",
    unset: false,
    unsupported: "Your kernel does not support memory.oom.group or the cgroup is not mounted",
    discarded: "Limitation discarded.",
    wayOut: "cgroup v1 kills one process at a time: let the first process end when a child is killed",
    v2: {
      file: "memory.oom.group",
      write: ({ oomGroup }) => onOff(oomGroup),
      read: (text) => text("memory.oom.group") === "1",
    },
  },
  {
    field: "oomScoreAdj",
    flag: "--oom-score-adj",
    hostConfig: "OomScoreAdj",
    unit: "score",
    summary: "Who dies first when memory runs out: -1000 (never) to 1000 (first).",
    controller: undefined,
    unset: 0,
    unsupported: "Your kernel does not support oom_score_adj",
    discarded: "Limitation discarded.",
  },
];
