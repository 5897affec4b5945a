/** Causes that concern names, and what they say of a look-up. */
import type { Finding } from "../../types/index.ts";
import { upstreamSilent } from "./505-upstream-silent.ts";
import { nameUnknown } from "./507-name-unknown.ts";
import { hostsLine } from "./509-hosts-line.ts";
import { serverPassedOver } from "./510-server-passed-over.ts";
import { searchDomain } from "./511-search-domain.ts";
import { namesFromFiles } from "./512-names-from-files.ts";
import { windowsLineEnds } from "./513-windows-line-ends.ts";
import type { LookupContext } from "./lookups.ts";

export { namelessNetwork } from "./507-name-unknown.ts";
export type { LookupContext } from "./lookups.ts";
export { SANDBOX_SERVER, serversBehind } from "./resolv.ts";

/** Why a name led nowhere, or elsewhere than it should: what its servers answered, and what that means. */
export const explainLookup = (context: LookupContext): Finding[] =>
  [
    ...[hostsLine, searchDomain, namesFromFiles, windowsLineEnds],
    ...[nameUnknown, upstreamSilent, serverPassedOver],
  ].flatMap((cause) => cause.explainLookup(context));
