/** Faults that the doctor's catalogue has. */
import type { Fault } from "../fault.ts";
import { designedFaults } from "./design.ts";
import { filterFaults } from "./filters.ts";
import { linkFaults } from "./links.ts";
import { nameFaults } from "./names.ts";
import { programFaults } from "./programs.ts";
import { routingFaults } from "./routing.ts";
import { translationFaults } from "./translation.ts";

export const CATALOGUE: readonly Fault[] = [
  ...designedFaults,
  ...filterFaults,
  ...translationFaults,
  ...linkFaults,
  ...routingFaults,
  ...nameFaults,
  ...programFaults,
];
