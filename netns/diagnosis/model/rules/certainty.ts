import type { Certainty } from "./types.ts";

/** Both have to hold. */
export function both(one: Certainty, other: Certainty): Certainty {
  if (one === "no" || other === "no") return "no";
  if (one === "unknown" || other === "unknown") return "unknown";
  return one === "sometimes" || other === "sometimes" ? "sometimes" : "yes";
}

/** One has to hold. */
export function either(one: Certainty, other: Certainty): Certainty {
  if (one === "yes" || other === "yes") return "yes";
  if (one === "unknown" || other === "unknown") return "unknown";
  return one === "sometimes" || other === "sometimes" ? "sometimes" : "no";
}

export function not(certainty: Certainty): Certainty {
  if (certainty === "yes") return "no";
  return certainty === "no" ? "yes" : certainty;
}

export const certain = (holds: boolean): Certainty => (holds ? "yes" : "no");
