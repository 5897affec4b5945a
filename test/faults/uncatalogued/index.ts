/**
 * Faults that the doctor's catalogue does not have, written without looking at it. Right is an answer whose first finding, or
 * the hop where the packet ends, names what was broken.
 */
import type { Fault } from "../fault.ts";
import { foreignRules } from "./filters.ts";
import { systemFaults } from "./system.ts";

export const UNCATALOGUED: readonly Fault[] = [...foreignRules, ...systemFaults];
