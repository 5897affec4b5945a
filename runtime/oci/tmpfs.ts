/** Options of tmpfs mounts: `--tmpfs /run:size=64m,mode=1777` and `--mount type=tmpfs`. See tmpfs(5) and mount(8). */
import { invalid } from "../../lib/errors.ts";
import type { ApiMount } from "../types.ts";

/** Flags that exclude each other share a key. */
const FLAGS: Readonly<Record<string, string>> = {
  ...{ ro: "ro", rw: "ro", suid: "suid", nosuid: "suid", dev: "dev", nodev: "dev", exec: "exec", noexec: "exec" },
  ...{ sync: "sync", async: "sync", dirsync: "dirsync", remount: "remount", mand: "mand", nomand: "mand" },
  ...{ atime: "atime", noatime: "atime", diratime: "diratime", nodiratime: "diratime" },
  ...{ relatime: "relatime", norelatime: "relatime", strictatime: "strictatime", nostrictatime: "strictatime" },
  ...{ bind: "propagation", rbind: "propagation", unbindable: "propagation", runbindable: "propagation" },
  ...{ private: "propagation", rprivate: "propagation", shared: "propagation", rshared: "propagation" },
  ...{ slave: "propagation", rslave: "propagation" },
};
const VALUES = ["size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol"];

/** What a tmpfs has unless it is told otherwise. */
const DEFAULTS = ["noexec", "nosuid", "nodev", "rprivate"];

/**
 * Docker's defaults with the given options, of which the last one of a kind counts.
 * @param given comma separated
 * @throws `invalid` with Docker's text
 */
export function tmpfsOptions(given: string): string[] {
  const options = [...DEFAULTS, ...given.split(",")].filter((option) => option !== "" && option !== "defaults");
  const lastOfKind = new Map(options.map((option, position) => [kindOf(option), position]));
  return options.filter((option, position) => lastOfKind.get(kindOf(option)) === position);
}

/** The options of a mount of type tmpfs, as `--tmpfs` would have them. */
export function tmpfsOptionsOfMount({ TmpfsOptions, ReadOnly }: ApiMount): string {
  const { Mode, SizeBytes } = TmpfsOptions ?? {};
  return [ReadOnly ? "ro" : "", Mode ? `mode=${Mode.toString(8)}` : "", SizeBytes ? `size=${SizeBytes}` : ""]
    .filter((option) => option !== "")
    .join(",");
}

function kindOf(option: string): string {
  const flag = FLAGS[option];
  if (flag !== undefined) return flag;
  const [name = "", value] = option.split("=", 2);
  if (value !== undefined && VALUES.includes(name)) return `${name}=`;
  throw invalid(`invalid tmpfs option ${JSON.stringify(name)}`, "CTR_TMPFS_OPTION_INVALID");
}
