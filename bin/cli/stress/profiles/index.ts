/** The profiles of `ctr limit stress` by name, each loaded when it is run. */
import type { Profile } from "./profile.ts";

export const PROFILES: Readonly<Record<string, () => Promise<Profile>>> = {
  cpu: async () => (await import("./cpu.ts")).cpu,
  memory: async () => (await import("./memory.ts")).memory,
  "fork-bomb": async () => (await import("./fork-bomb.ts")).forkBomb,
  io: async () => (await import("./io.ts")).io,
  mixed: async () => (await import("./mixed.ts")).mixed,
  "noisy-neighbour": async () => (await import("./noisy-neighbour.ts")).noisyNeighbour,
  many: async () => (await import("./many.ts")).many,
};
