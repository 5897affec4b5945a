/** What must be there before the engine starts; each that is missing is named with the way to get it. */
import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { systemFailure, unsupported } from "../../lib/errors.ts";

/** conmon and the OCI runtimes are in sbin on Debian, which is not on everybody's PATH. */
const EXTRA_PATH = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** @throws the first that is missing */
export function checkHost(): void {
  if (process.getuid?.() !== 0) {
    throw unsupported("ctrd needs to be started with root privileges: it makes namespaces, bridges and cgroups", {
      code: "CTR_NOT_ROOT",
      hint: "sudo ctrd",
    });
  }
  process.env["PATH"] = [process.env["PATH"] ?? "", ...EXTRA_PATH].join(delimiter);
  if (!isOnPath("conmon")) throw missing("conmon, the monitor of containers, is not installed", "apt install conmon");
  if (!isOnPath("runc") && !isOnPath("crun")) {
    throw missing("there is no OCI runtime: neither runc nor crun is installed", "apt install runc crun");
  }
  if (!/\boverlay$/m.test(readFileSync("/proc/filesystems", "utf8"))) {
    throw unsupported("the kernel has no overlay file system, which containers' root file systems are made of", {
      code: "CTR_NO_OVERLAY",
      hint: "modprobe overlay",
    });
  }
}

const missing = (message: string, hint: string) => systemFailure(message, { code: "CTR_PROGRAM_MISSING", hint });

function isOnPath(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return directory !== "";
    } catch {
      return false;
    }
  });
}
