/** The program, and no limit, made the kernel end it. */
import type { Cause, Fix } from "../types.ts";

const SIGNALLED = 128;
const SIGSEGV = 11;

interface Reason {
  readonly title: string;
  readonly explanation: string;
  readonly fixes: readonly Fix[];
}

const ITS_OWN = "That is a fault of the program, or of a library that it uses; it comes again with the same input.";
const LOOK: readonly Fix[] = [
  { text: "See what it wrote before; a core file is written with --ulimit core=-1, where the machine keeps them" },
];

/** By the number of the signal, see signal(7). */
const REASONS: Readonly<Record<number, Reason>> = {
  4: {
    title: "It ran an instruction that this CPU does not have (SIGILL).",
    explanation: "It was built for another CPU, or is broken.",
    fixes: [{ text: "Take an image for this machine's architecture and CPU" }],
  },
  6: { title: "It ended itself for a fault that it noticed (SIGABRT).", explanation: ITS_OWN, fixes: LOOK },
  7: {
    title: "It used memory that has no room behind it (SIGBUS).",
    explanation: "So ends a program that writes into a mapped file when /dev/shm or the disk is full.",
    fixes: [{ text: "Give it more room, if it uses shared memory", command: "ctr limit set NAME --shm-size 256m" }],
  },
  8: { title: "It divided by zero, or the like (SIGFPE).", explanation: ITS_OWN, fixes: LOOK },
  11: { title: "It used memory that is not its own (SIGSEGV).", explanation: ITS_OWN, fixes: LOOK },
  13: {
    title: "It wrote to somebody who was gone (SIGPIPE).",
    explanation: "The other end of a pipe or a connection was closed, and the program does not expect that.",
    fixes: [{ text: "Look at the program that reads: it ended first" }],
  },
  31: {
    title: "It made a system call that a seccomp profile forbids (SIGSYS).",
    explanation:
      "The profile that Docker's clients know refuses with an error. One that was given with --security-opt seccomp=…, or that the program put on itself, can end it.",
    fixes: [{ text: "Try it without a profile, to be sure", command: "ctr run --security-opt seccomp=unconfined …" }],
  },
};

export const programSignal: Cause = {
  code: "program-signal",
  severity: "notice",
  find({ exit, files, name, program }) {
    const reason = exit?.asked === "nothing" ? REASONS[exit.code - SIGNALLED] : undefined;
    if (exit === undefined || reason === undefined) return undefined;
    const named = ({ text, command }: Fix): Fix =>
      command === undefined ? { text } : { text, command: command.replace("NAME", name) };
    const stack = exit.code === SIGNALLED + SIGSEGV ? program?.ulimits["stack"] : undefined;
    const more =
      stack === undefined ? "" : ` Its stack may have ${stack.soft} bytes (--ulimit stack): more ends it so, too.`;
    return {
      ...{ title: reason.title, explanation: `${reason.explanation}${more}` },
      evidence: [
        {
          file: files.memoryEvents,
          value: `exit code ${exit.code}`,
          meaning: `128 and the signal's number, ${exit.code - SIGNALLED}; no process was killed for lack of memory`,
        },
      ],
      fixes: reason.fixes.map(named),
    };
  },
};
