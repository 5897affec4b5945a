/** Its first process, or all of them, were stopped by a signal or by a debugger. */
import type { Cause } from "../types.ts";

export const stopped: Cause = {
  code: "stopped",
  severity: "slow",
  find({ troubles, signals, exit }) {
    if (troubles === undefined || exit !== undefined || signals.frozen === true) return undefined;
    const { stopped: all, looked } = troubles;
    const [first] = all;
    // One beside others may rest in the background of a shell, as its user wants it.
    if (first === undefined || (!first.isFirst && all.length < looked)) return undefined;
    const by = first.byDebugger ? "by a debugger" : "by a signal (SIGSTOP)";
    return {
      title: `${all.length === looked ? "All of its processes were" : `Its first process, ${first.name}, was`} stopped ${by}: ${all.length === looked ? "none of them" : "it"} gets any time.`,
      explanation: first.byDebugger
        ? "A debugger or strace has taken hold of it and has not let it go on. Connections to it stay open and are not answered."
        : "Somebody has sent SIGSTOP, or a program tried to read from a terminal that it does not have (SIGTTIN). Connections to it stay open and are not answered.",
      evidence: all.slice(0, 3).map(({ pid, name, byDebugger }) => ({
        file: `/proc/${pid}/stat`,
        value: byDebugger ? "t" : "T",
        meaning: `${name} is stopped`,
      })),
      fixes: first.byDebugger
        ? [{ text: "See who holds it (TracerPid), and end that", command: `grep TracerPid /proc/${first.pid}/status` }]
        : [{ text: "Let it go on", command: `kill -CONT ${all.map(({ pid }) => pid).join(" ")}` }],
    };
  },
};
