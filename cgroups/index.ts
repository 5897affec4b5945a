/** The limits layer: cgroup v2 and v1 behind one interface. Usable without the engine. */
export type * from "./types.ts";
