export type * from "./cause.ts";
export type * from "./finding.ts";
export * from "./flow.ts";
export type * from "./intent.ts";
export type * from "./observation.ts";
export type * from "./report.ts";
export * from "./snapshot.ts";
export type * from "./walk.ts";
