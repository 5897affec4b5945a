/** The limits of processes: names of getrlimit(2) in lower case without prefix, which are Docker's names of `--ulimit`. */

interface ProcessLimit {
  /** RLIMIT_* of Linux on x86 and ARM. */
  readonly number: number;
  /** First words of its line in `/proc/<pid>/limits`. */
  readonly label: string;
}

export const PROCESS_LIMITS = {
  cpu: { number: 0, label: "Max cpu time" },
  fsize: { number: 1, label: "Max file size" },
  data: { number: 2, label: "Max data size" },
  stack: { number: 3, label: "Max stack size" },
  core: { number: 4, label: "Max core file size" },
  rss: { number: 5, label: "Max resident set" },
  nproc: { number: 6, label: "Max processes" },
  nofile: { number: 7, label: "Max open files" },
  memlock: { number: 8, label: "Max locked memory" },
  locks: { number: 9, label: "Max file locks" },
  sigpending: { number: 10, label: "Max pending signals" },
  msgqueue: { number: 11, label: "Max msgqueue size" },
  nice: { number: 12, label: "Max nice priority" },
  rtprio: { number: 13, label: "Max realtime priority" },
  rttime: { number: 14, label: "Max realtime timeout" },
} as const satisfies Readonly<Record<string, ProcessLimit>>;

export type ProcessLimitName = keyof typeof PROCESS_LIMITS;

export const isProcessLimitName = (name: string): name is ProcessLimitName => Object.hasOwn(PROCESS_LIMITS, name);
