/** Why packets do not arrive: what is read, what is expected, what is sent and seen, and what is concluded from it. */

export { readBundle, writeBundle } from "./bundle.ts";
export { CAUSES } from "./causes/index.ts";
export {
  explainLookup,
  type LookupContext,
  namelessNetwork,
  SANDBOX_SERVER,
  serversBehind,
} from "./causes/names/index.ts";
export * from "./drops/index.ts";
export { explainFlow, inspectState, STATE_CHECKS } from "./explain.ts";
export { type LookUpKind, type LookUpOptions, lookUp } from "./look-up/look-up.ts";
export type { NameLookup, NameQuestion } from "./look-up/types.ts";
export * from "./measure/index.ts";
export { walk } from "./model/index.ts";
export * from "./probe/index.ts";
export { type RedactOptions, redact } from "./redact.ts";
export { isDefaultRoute } from "./routing-tables.ts";
export {
  helpingThreads,
  NamespaceReading,
  type ReadingOptions,
  type SnapshotOptions,
  takeSnapshot,
} from "./snapshot/index.ts";
export { type AddressHolder, SnapshotView } from "./snapshot-view.ts";
export { readStoredNetworks, type StoredNetworks, type StoredSandbox } from "./stored-networks.ts";
export { type TryOptions, tryFlows } from "./try/try-flows.ts";
export * from "./types/index.ts";
