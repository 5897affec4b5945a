/** It said itself what was missing: an error of a limit that no counter tells of. */
import type { Cause, Facts, Fix, Severity } from "../types.ts";

interface Word {
  readonly code: string;
  /** `failing` where left out. */
  readonly severity?: Severity;
  /** The C library's text of the error, as programs of every language print it. */
  readonly text: RegExp;
  readonly appliesTo?: (facts: Facts) => boolean;
  readonly title: string;
  readonly explanation: string;
  readonly fixes: (facts: Facts) => readonly Fix[];
}

const ulimit = (name: string) => (facts: Facts) => facts.program?.ulimits[name] !== undefined;

const raise =
  (name: string, text: string) =>
  (facts: Facts): readonly Fix[] => {
    const soft = facts.program?.ulimits[name]?.soft ?? 0;
    return [{ text, ...(soft > 0 ? { command: `ctr limit set ${facts.name} --ulimit ${name}=${soft * 2}` } : {}) }];
  };

const WORDS: readonly Word[] = [
  {
    code: "disk-full",
    text: /No space left on device|ENOSPC|Disk quota exceeded|EDQUOT/,
    title: "There was no room left for what it wrote.",
    explanation:
      "The disk of the engine's data is full, or the container's own share of it (--storage-opt size), /dev/shm, or a tmpfs.",
    fixes: ({ name }) => [
      { text: "See how much it has written", command: `ctr ps -a -s -f name=${name}` },
      { text: "and how full the places are that it writes to (df inside), or give /dev/shm more with --shm-size" },
    ],
  },
  {
    code: "read-only",
    text: /Read-only file system|EROFS/,
    title: "It wanted to write where nothing may be written.",
    explanation: "Its own files are read-only with --read-only, and so are volumes that were given with :ro.",
    fixes: ({ program }) =>
      program?.readOnlyRoot
        ? [{ text: "Give it a place to write", command: "ctr run --read-only --tmpfs /tmp …" }]
        : [{ text: "Give the volume without :ro" }],
  },
  {
    code: "ulimit-nofile",
    text: /Too many open files|EMFILE/,
    title: "It may not have more files and connections open at once.",
    explanation: "The limit is one of each process, soft and hard, and a program may raise its soft one itself.",
    fixes: (facts) =>
      ulimit("nofile")(facts)
        ? raise("nofile", "Allow more")(facts)
        : [{ text: "Allow more", command: `ctr limit set ${facts.name} --ulimit nofile=65536` }],
  },
  {
    code: "ulimit-fsize",
    // busybox says «I/O error» of every failed write. The first process of a container gets the error, not the signal.
    text: /File too large|EFBIG|File size limit exceeded|I\/O error/,
    appliesTo: ulimit("fsize"),
    title: "It wanted to write a file larger than it may.",
    explanation: "--ulimit fsize counts bytes of each single file; the kernel sends SIGXFSZ, or gives an error.",
    fixes: raise("fsize", "Allow larger ones"),
  },
  {
    code: "ulimit-nproc",
    text: /Resource temporarily unavailable|EAGAIN|[Cc]an(?:no|')t (?:fork|start new thread)/,
    appliesTo: (facts) => ulimit("nproc")(facts) && (facts.signals.pidsMax ?? 0) === 0,
    title: "Its user may not have more processes.",
    explanation:
      "--ulimit nproc counts all processes of the user's number on this machine, in other containers as well; --pids-limit counts those of the container.",
    fixes: ({ name }) => [
      {
        text: "Count the container's own",
        command: `ctr limit unset ${name} nproc && ctr limit set ${name} --pids-limit 100`,
      },
    ],
  },
  {
    code: "ulimit-memlock",
    text: /mlock|(?:lock(?:ed)?|pin) memory|memory lock/i,
    appliesTo: ulimit("memlock"),
    title: "It may not keep so much memory from being swapped out.",
    explanation:
      "--ulimit memlock counts the bytes that a process may lock (mlock). Databases and programs for io_uring or RDMA ask for it.",
    fixes: raise("memlock", "Allow more"),
  },
  {
    code: "not-permitted",
    severity: "notice",
    text: /Operation not permitted|\bEPERM\b/,
    title: "It asked the kernel for something that needs a privilege which it does not have.",
    explanation:
      "Containers have few of root's privileges (capabilities), and some system calls are refused to them (seccomp): to change the owner " +
      "of files after --cap-drop, clocks, mounts, network links.",
    fixes: () => [{ text: "Give it the one that it needs", command: "ctr run --cap-add CHOWN …" }],
  },
  {
    code: "permission-denied",
    severity: "notice",
    text: /[Pp]ermission denied|\bEACCES\b/,
    title: "It may not use a file or a directory: the user that it runs as is not allowed to.",
    explanation:
      "Files of the image and of volumes have owners by number. A directory of the host belongs to a user of the host.",
    fixes: () => [
      {
        text: "Give the files to the number that the program runs as (chown), or run it as their owner",
        command: "ctr run --user UID:GID …",
      },
    ],
  },
  {
    code: "address-in-use",
    severity: "notice",
    text: /[Aa]ddress (?:already )?in use|\bEADDRINUSE\b/,
    title: "It wanted to listen on a port that somebody has already.",
    explanation:
      "Another program of the same network has the port: of the host with --network host, of the other container with --network container:.",
    fixes: ({ name }) => [
      { text: "See who listens there", command: `ctr exec ${name} ss -lntup` },
      { text: "or give the program another port" },
    ],
  },
];

const SIGXFSZ = 128 + 25;

/** One that has ended well, or as a client asked, had no trouble, whatever it said. */
function lineOf({ exit, program }: Facts, { code, text }: Word): string | undefined {
  if (exit === undefined || exit.code === 0 || exit.asked !== "nothing") return undefined;
  const line = program?.lastWords.findLast((words) => text.test(words));
  return line ?? (code === "ulimit-fsize" && exit.code === SIGXFSZ ? "SIGXFSZ" : undefined);
}

export const LAST_WORDS: readonly Cause[] = WORDS.map(
  (word): Cause => ({
    code: word.code,
    severity: word.severity ?? "failing",
    find(facts) {
      const line = lineOf(facts, word);
      if (line === undefined || word.appliesTo?.(facts) === false) return undefined;
      return {
        ...{ title: word.title, explanation: word.explanation },
        evidence: [{ file: facts.program?.log ?? "", value: line, meaning: "its last words" }],
        fixes: word.fixes(facts),
      };
    },
  }),
);
