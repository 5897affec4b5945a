/** What containers have that ask for nothing else, as the engine is configured. */
import { checkRlimitsReachable, rlimitsOf } from "../oci/index.ts";
import { askedGroupsOf } from "./limits.ts";
import type { Parts } from "./parts.ts";

/** @throws `invalid`, `unsupported` for what this host cannot give: better now than at each container's start */
export function checkDefaults(parts: Pick<Parts, "cgroups" | "groups" | "defaults" | "host">): void {
  const { defaults, host } = parts;
  rlimitsOf(defaults.ulimits);
  if (!host.capabilities.includes("CAP_SYS_RESOURCE")) checkRlimitsReachable(defaults.ulimits, host.hardLimits);
  askedGroupsOf(parts, {});
}
