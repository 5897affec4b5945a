/** Kernel parameters below /proc/sys, in the present network namespace. See ip-sysctl of the kernel's documentation. */
import { readFileSync, writeFileSync } from "node:fs";
import { hasCode, messageOf, systemFailure } from "../lib/errors.ts";

/**
 * Sets a parameter unless it has that value already: a read-only /proc/sys is no obstacle when nothing needs changing.
 * @param name with slashes, because link names may hold dots: `net/ipv4/ip_forward`
 * @throws `system` `CTR_SYSCTL_FAILED`
 */
export function setSysctl(name: string, value: string): void {
  try {
    if (readFileSync(pathOf(name), "utf8").trim() === value) return;
    writeFileSync(pathOf(name), value);
  } catch (error) {
    throw notSet(name, value, error);
  }
}

/**
 * Sets a parameter whose value is known to be another, as in a new namespace: half the time of {@link setSysctl}.
 * @returns false when this kernel does not have it
 * @throws `system` `CTR_SYSCTL_FAILED`
 */
export function writeSysctl(name: string, value: string): boolean {
  try {
    writeFileSync(pathOf(name), value, { flag: "r+" });
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw notSet(name, value, error);
  }
}

const pathOf = (name: string): string => `/proc/sys/${name}`;

const notSet = (name: string, value: string, error: unknown) =>
  systemFailure(`cannot set ${name} to ${value}: ${messageOf(error)}`, {
    code: "CTR_SYSCTL_FAILED",
    hint: hasCode(error, "EROFS") ? `/proc/sys is read-only here: set ${name}=${value} on the host` : undefined,
    cause: error,
  });

/** As {@link setSysctl}, for a parameter that some kernels are built without. */
export function setOptionalSysctl(name: string, value: string): void {
  if (getSysctl(name) !== undefined) setSysctl(name, value);
}

/** The value of a parameter, or undefined when this kernel does not have it. */
export function getSysctl(name: string): string | undefined {
  try {
    return readFileSync(pathOf(name), "utf8").trim();
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
