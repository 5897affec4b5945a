/** Capabilities of a container: Docker's default set, `--cap-add`, `--cap-drop` and `--privileged`. See capabilities(7). */
import { invalid } from "../../lib/errors.ts";
import type { HostConfig } from "../types.ts";

/** Every capability, by its number in `linux/capability.h`. */
const BY_NUMBER = [
  ...["CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP"],
  ...["LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER"],
  ...["SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE"],
  ...["SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP"],
  ...["MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF"],
  "CHECKPOINT_RESTORE",
].map((name) => `CAP_${name}`);

/** What a container has when nothing else is asked for (Docker's list, in its order). */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  ...["CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP", "SETPCAP"],
  ...["NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE"],
].map((name) => `CAP_${name}`);

const ALL = "ALL";

/** @param mask hexadecimal, as in `/proc/<pid>/status` */
export function capabilitiesOfMask(mask: string): string[] {
  const bits = BigInt(`0x${mask}`);
  return BY_NUMBER.filter((_, number) => (bits >> BigInt(number)) & 1n);
}

export interface CapabilityGrant {
  readonly capabilities: readonly string[];
  /** What a wholesale wish (`--privileged`, `ALL`, the default set) includes and this engine cannot give. */
  readonly missing: readonly string[];
}

/**
 * The capabilities of a container, never more than the engine can give: a runtime that asks the kernel for more fails.
 * @param available the engine's bounding set
 * @throws `invalid` with Docker's texts: an unknown name, or one that was asked for by name and is not available
 */
export function grantCapabilities(
  { CapAdd, CapDrop, Privileged }: Pick<HostConfig, "CapAdd" | "CapDrop" | "Privileged">,
  available: readonly string[],
): CapabilityGrant {
  const added = normalize(CapAdd ?? [], "CapAdd");
  const dropped = new Set(normalize(CapDrop ?? [], "CapDrop"));
  const wanted = new Set(wishedFor(added, dropped, Privileged === true));
  for (const name of added) if (name !== ALL) requireAvailable(name, available);
  return {
    capabilities: [...wanted].filter((name) => available.includes(name)),
    missing: [...wanted].filter((name) => !available.includes(name)),
  };
}

function wishedFor(added: readonly string[], dropped: ReadonlySet<string>, privileged: boolean): readonly string[] {
  if (privileged) return BY_NUMBER;
  if (added.includes(ALL)) return BY_NUMBER.filter((name) => !dropped.has(name));
  if (dropped.has(ALL)) return added;
  return [...DEFAULT_CAPABILITIES.filter((name) => !dropped.has(name)), ...added];
}

function normalize(names: readonly string[], field: "CapAdd" | "CapDrop"): string[] {
  return names.map((given) => {
    const upper = given.toUpperCase();
    if (upper === ALL) return ALL;
    const name = upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
    if (!BY_NUMBER.includes(name)) {
      throw invalid(`invalid ${field}: unknown capability: "${name}"`, "CTR_CAPABILITY_UNKNOWN");
    }
    return name;
  });
}

function requireAvailable(name: string, available: readonly string[]): void {
  if (available.includes(name)) return;
  throw invalid(
    `invalid CapAdd: capability not supported by your kernel or not available in the current environment: "${name}"`,
    { code: "CTR_CAPABILITY_UNAVAILABLE", hint: "the engine itself does not have it (CapBnd in /proc/self/status)" },
  );
}
