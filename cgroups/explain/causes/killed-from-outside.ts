/** SIGKILL, and neither the engine nor the OOM killer sent it. */
import { hasOom } from "../oom-scope.ts";
import type { Cause } from "../types.ts";
import { ulimitCpu } from "./ulimit-cpu.ts";

export const killedFromOutside: Cause = {
  code: "killed-from-outside",
  severity: "killed",
  find(facts) {
    const { exit } = facts;
    if (exit?.code !== 137 || exit.asked !== "nothing" || hasOom(facts)) return undefined;
    if (ulimitCpu.find(facts) !== undefined) return undefined;
    return {
      title: "Somebody sent it SIGKILL: it was not the engine, and not the OOM killer.",
      explanation:
        "Exit code 137 is 128 + 9. The kernel counted no kill for lack of memory, and no client asked the engine for one; so a process on this machine did it, or the program itself ended with that code.",
      evidence: [
        { file: facts.files.memoryEvents, value: "oom_kill 0", meaning: "no process was killed for lack of memory" },
      ],
      fixes: [
        {
          text: "Look for who kills: an init system, a watchdog, earlyoom or systemd-oomd",
          command: "journalctl -b | grep -i -e oomd -e earlyoom",
        },
      ],
    };
  },
};
