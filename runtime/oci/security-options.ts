/** `--security-opt`. Labels are read and have no effect: SELinux is not served. */
import { invalid } from "../../lib/errors.ts";

export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  /** `unconfined`, `builtin`, or a profile as JSON text. */
  readonly seccomp: string | undefined;
  readonly appArmor: string | undefined;
  /** Undefined: as privileged as the container is. */
  readonly writableCgroups: boolean | undefined;
}

const TRUE = ["1", "t", "T", "TRUE", "true", "True"];
const FALSE = ["0", "f", "F", "FALSE", "false", "False"];

/** @throws `invalid` with Docker's texts */
export function parseSecurityOptions(options: readonly string[]): SecurityOptions {
  let parsed: SecurityOptions = {
    noNewPrivileges: false,
    seccomp: undefined,
    appArmor: undefined,
    writableCgroups: undefined,
  };
  for (const option of options) parsed = { ...parsed, ...parseOption(option) };
  return parsed;
}

function parseOption(option: string): Partial<SecurityOptions> {
  if (option === "no-new-privileges") return { noNewPrivileges: true };
  if (option === "writable-cgroups") return { writableCgroups: true };
  if (option === "disable") return {};
  // The colon is Docker's old separator, which clients still send.
  const [, key, value = ""] = /^([^=:]*)[=:](.*)$/s.exec(option) ?? [];
  if (key === undefined) throw invalid(`invalid --security-opt 1: ${JSON.stringify(option)}`, CODE);
  switch (key) {
    case "label":
      return {};
    case "seccomp":
      return { seccomp: value };
    case "apparmor":
      return { appArmor: value };
    case "no-new-privileges":
      return { noNewPrivileges: booleanOf(value, option) };
    case "writable-cgroups":
      return { writableCgroups: booleanOf(value, option) };
    default:
      throw invalid(`invalid --security-opt 2: ${JSON.stringify(option)}`, CODE);
  }
}

const CODE = "CTR_SECURITY_OPTION_INVALID";

function booleanOf(value: string, option: string): boolean {
  if (TRUE.includes(value)) return true;
  if (FALSE.includes(value)) return false;
  throw invalid(`invalid --security-opt 2: ${JSON.stringify(option)}`, CODE);
}
