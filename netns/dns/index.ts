/** Names of containers: the server on 127.0.0.11, and what the engine tells it. */

export { Names, type NamesOptions } from "./names.ts";
export type { NameExplanation, NameRecord, NameSource, NameStep, NamesSandbox } from "./types.ts";
