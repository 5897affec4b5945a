/** Causes that concern names, and what they say of a look-up. */
import type { Finding } from "../../types/index.ts";
import { upstreamSilent } from "./505-upstream-silent.ts";
import { nameUnknown } from "./507-name-unknown.ts";
import type { LookupContext } from "./lookups.ts";

export type { LookupContext } from "./lookups.ts";
export { SANDBOX_SERVER, serversBehind } from "./resolv.ts";

/** Why a name was looked up without success: what its servers answered, and what that means. */
export const explainLookup = (context: LookupContext): Finding[] =>
  [nameUnknown, upstreamSilent].flatMap((cause) => cause.explainLookup(context));
