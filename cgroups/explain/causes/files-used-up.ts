/** A process of it has all files open that it may, and gets errors from then on. */
import type { Cause } from "../types.ts";

export const filesUsedUp: Cause = {
  code: "files-used-up",
  severity: "failing",
  find({ troubles, exit, name }) {
    const [worst, ...others] = exit === undefined ? (troubles?.outOfFiles ?? []) : [];
    if (worst === undefined) return undefined;
    const more = others.length === 0 ? "" : ` ${others.length} more of its processes have, too.`;
    return {
      title: `A process of it, ${worst.name} (${worst.pid}), has all ${worst.limit} files and connections open that it may.`,
      explanation: `Every further one fails with “Too many open files” (EMFILE), also a connection that a client wants to make.${more}`,
      evidence: [
        {
          file: `/proc/${worst.pid}/fd`,
          value: String(worst.open),
          meaning: `open files, of ${worst.limit} in /proc/${worst.pid}/limits`,
        },
      ],
      fixes: [
        { text: "Allow more", command: `ctr limit set ${name} --ulimit nofile=${worst.limit * 2}` },
        { text: "or look for a program that opens files or connections and does not close them" },
      ],
    };
  },
};
