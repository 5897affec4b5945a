/** Finds out of the kernel's log whom the OOM killer killed, for whose limit, and who else was there. */
import type { KernelRecord } from "./kernel-log.ts";

/** A process that was looked at when somebody had to die. Sizes in bytes. */
export interface OomCandidate {
  readonly pid: number;
  readonly name: string;
  readonly rss: number;
  readonly swap: number;
  readonly oomScoreAdj: number;
}

export interface OomVictim {
  /** Microseconds after boot. */
  readonly time: number;
  readonly sequence: number;
  readonly pid: number;
  readonly name: string;
  /** Whether a group's limit was reached, or the memory of the whole machine was used up. */
  readonly reason: "group" | "host";
  /** Path of the group whose limit it was, `/ctr/web.group`; empty when it was the machine. */
  readonly limitGroup: string;
  /** Bytes that this group might have then; absent where the log does not say. */
  readonly limit?: number;
  /** Bytes of it that were files in memory, of /dev/shm and of a tmpfs; absent where the log does not say. */
  readonly filesInMemory?: number;
  /** Path of the group of the victim. */
  readonly group: string;
  /** Bytes. */
  readonly virtualSize: number;
  readonly anonymous: number;
  readonly file: number;
  readonly shared: number;
  readonly oomScoreAdj: number;
  /** Killed because memory.oom.group asks for all. */
  readonly withGroup: boolean;
  /** Who asked for memory when there was none left. */
  readonly invokedBy: string;
  /** The largest processes that the kernel chose from, the largest first. */
  readonly candidates: readonly OomCandidate[];
}

const PAGE = 4096;
/** Candidates that are kept: when the machine is out of memory the kernel lists all of its processes. */
const MOST_CANDIDATES = 30;
const INVOKED = /^(.+) invoked oom-killer:/;
const LIMIT = /^memory: usage \d+kB, limit (\d+)kB,/;
/** v1 tells of the group alone before all below it together; v2 only of all. */
const FILES_IN_MEMORY = /^(?:total_)?shmem (\d+)$/;
/** The kernel's word for none. */
const NO_LIMIT = 2 ** 50;
const TASK_HEADING = /^\[\s*pid\s*\]/;
const TASK = /^\[\s*(\d+)\]\s+(.*)$/;
const CONSTRAINT =
  /^oom-kill:constraint=(\w+).*?(?:,oom_memcg=([^,]*))?,task_memcg=([^,]*),task=(.*),pid=(\d+),uid=\d+$/;
const KILLED =
  /^(?:Memory cgroup out|Out) of memory(?: \(oom_kill_allocating_task\))?: Killed process (\d+) \((.*)\) total-vm:(\d+)kB, anon-rss:(\d+)kB, file-rss:(\d+)kB, shmem-rss:(\d+)kB.* oom_score_adj:(-?\d+)$/;
const GROUP_KILL = /^Tasks in (.*) are going to be killed due to memory\.oom\.group set$/;

/** What one act of the OOM killer has told so far. */
interface Act {
  invokedBy: string;
  limit: number | undefined;
  filesInMemory: number | undefined;
  columns: readonly string[];
  candidates: OomCandidate[];
  constraint: { reason: "group" | "host"; limitGroup: string; group: string };
  wholeGroup: boolean;
}

const newAct = (invokedBy: string): Act => ({
  invokedBy,
  limit: undefined,
  filesInMemory: undefined,
  columns: [],
  candidates: [],
  constraint: { reason: "host", limitGroup: "", group: "" },
  wholeGroup: false,
});

/** Takes records in the order of the log and gives victims as they are complete. */
export class OomParser {
  #act = newAct("");

  take(record: KernelRecord): OomVictim | undefined {
    const { text } = record;
    const invoked = INVOKED.exec(text);
    if (invoked !== null) {
      this.#act = newAct(invoked[1] ?? "");
      return undefined;
    }
    const limit = Number(LIMIT.exec(text)?.[1] ?? Number.NaN) * 1024;
    if (limit < NO_LIMIT) this.#act.limit = limit;
    const files = FILES_IN_MEMORY.exec(text);
    if (files !== null) this.#act.filesInMemory = Number(files[1]);
    else if (TASK_HEADING.test(text)) this.#act.columns = text.replace(/[[\]]/g, " ").trim().split(/\s+/);
    else if (text.startsWith("[")) this.#takeCandidate(text);
    else if (text.startsWith("oom-kill:")) this.#takeConstraint(text);
    else if (GROUP_KILL.test(text)) this.#act.wholeGroup = true;
    return this.#victim(record);
  }

  #takeCandidate(text: string): void {
    const match = TASK.exec(text);
    const { columns, candidates } = this.#act;
    if (match === null || columns.length === 0) return;
    const words = [match[1] ?? "", ...(match[2] ?? "").trim().split(/\s+/)];
    const column = (name: string): number => Number(words[columns.indexOf(name)] ?? 0);
    candidates.push({
      pid: column("pid"),
      // The name comes last and may hold spaces.
      name: words.slice(columns.indexOf("name")).join(" "),
      rss: column("rss") * PAGE,
      swap: column("swapents") * PAGE,
      oomScoreAdj: column("oom_score_adj"),
    });
  }

  #takeConstraint(text: string): void {
    const match = CONSTRAINT.exec(text);
    if (match === null) return;
    const [, constraint = "", limitGroup = "", group = ""] = match;
    const isGroup = constraint === "CONSTRAINT_MEMCG";
    this.#act.constraint = { reason: isGroup ? "group" : "host", limitGroup: isGroup ? limitGroup : "", group };
  }

  #victim({ text, time, sequence }: KernelRecord): OomVictim | undefined {
    const match = KILLED.exec(text);
    if (match === null) return undefined;
    const [, pid, name = "", total, anonymous, file, shared, score] = match;
    const { constraint, invokedBy, limit, filesInMemory, candidates, wholeGroup } = this.#act;
    const bytes = (kibibytes: string | undefined): number => Number(kibibytes) * 1024;
    return {
      time,
      sequence,
      pid: Number(pid),
      name,
      ...constraint,
      ...(limit === undefined ? {} : { limit }),
      ...(filesInMemory === undefined ? {} : { filesInMemory }),
      virtualSize: bytes(total),
      anonymous: bytes(anonymous),
      file: bytes(file),
      shared: bytes(shared),
      oomScoreAdj: Number(score),
      withGroup: wholeGroup,
      invokedBy,
      candidates: candidates.toSorted((a, b) => b.rss + b.swap - a.rss - a.swap).slice(0, MOST_CANDIDATES),
    };
  }
}
