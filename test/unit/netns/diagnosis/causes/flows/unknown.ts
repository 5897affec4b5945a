/** What nobody explains: 9xx. */
import { SILENCE, seen } from "../damaged.ts";
import { at, type Case } from "./case.ts";

export const UNKNOWN: readonly Case[] = [
  {
    code: "CTRN900",
    what: "an end that nobody explains",
    ends: () => [at("martian", "host", { device: "cable", source: "240.0.0.1" })],
  },
  { code: "CTRN900", what: "a packet that vanishes", seen: () => seen([SILENCE]) },
];
