/** What is closed on purpose: 190–193. Nothing is broken, and the answer has to say so. */
import { type Fault, scripted } from "../fault.ts";

export const designedFaults: readonly Fault[] = [
  scripted(
    "190",
    "networks are apart",
    ["otherNetwork"],
    ({ world }) => ({
      codes: ["CTRN190"],
      names: [world.plan.networks.back, world.plan.networks.front],
      inject: [],
      undo: [],
    }),
    { effect: "closed" },
  ),
  scripted(
    "191",
    "an internal network has no way out",
    ["internalEgress"],
    ({ world }) => ({
      codes: ["CTRN191"],
      names: [world.plan.networks.internal],
      inject: [],
      undo: [],
    }),
    { effect: "closed" },
  ),
  scripted(
    "192",
    "containers of this network are kept apart",
    ["noIcc"],
    ({ world }) => ({
      codes: ["CTRN192"],
      names: [world.plan.networks.closed],
      inject: [],
      undo: [],
    }),
    { effect: "closed" },
  ),
  scripted(
    "193",
    "the port is not published",
    ["unpublished"],
    ({ world }) => ({
      codes: ["CTRN193"],
      names: [String(world.plan.ports.unpublished)],
      inject: [],
      undo: [],
    }),
    { effect: "closed" },
  ),
];
