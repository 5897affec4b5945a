/**
 * Faults that the doctor's catalogue does not have, written without looking at it. Right is an answer whose first finding, or
 * the hop where the packet ends, names what was broken.
 */
import type { Fault } from "../fault.ts";
import { connectionFaults } from "./connections.ts";
import { foreignRules } from "./filters.ts";
import { leftovers } from "./leftovers.ts";
import { linkStates } from "./links.ts";
import { nameStates } from "./names.ts";
import { programStates } from "./programs.ts";
import { routeFaults } from "./routes.ts";
import { systemFaults } from "./system.ts";

export const UNCATALOGUED: readonly Fault[] = [
  ...foreignRules,
  ...connectionFaults,
  ...leftovers,
  ...systemFaults,
  ...routeFaults,
  ...linkStates,
  ...programStates,
  ...nameStates,
];
