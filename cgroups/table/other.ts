/** Limits of tasks, and any other file. */
import { maximumIn, numberIn } from "./numbers.ts";
import type { FileRule, LimitRow } from "./rule.ts";

const pidsRule: FileRule = {
  file: "pids.max",
  write: ({ pids = "max" }) => String(pids),
  read: (text) => maximumIn(text, "pids.max"),
  usage: (text) => numberIn(text, "pids.current"),
  peak: (text) => numberIn(text, "pids.peak"),
};

export const PIDS_ROW: LimitRow = {
  field: "pids",
  flag: "--pids-limit",
  hostConfig: "PidsLimit",
  unit: "tasks",
  summary: "Processes and threads together; 0 or -1 for no limit.",
  controller: "pids",
  unset: "max",
  unsupported: "Your kernel does not support PIDs limit capabilities or the cgroup is not mounted",
  discarded: "PIDs limit discarded.",
  v1: pidsRule,
  v2: pidsRule,
};

/** Its files are named by the user: see conf.ts. */
export const CONF_ROW: LimitRow = {
  field: "conf",
  flag: "--cgroup-conf",
  hostConfig: "CgroupConf",
  unit: "files",
  summary: "Any other file of the group, as file=value.",
  controller: undefined,
  unset: {},
  unsupported: "Your kernel does not have this cgroup file",
  discarded: "Limitation discarded.",
};
