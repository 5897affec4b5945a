import type { Cause } from "../../types/index.ts";

/** Told where the ends of a flow are looked up. */
export const noNetwork: Cause = {
  code: "CTRN194",
  severity: "note",
  heading: "The container has no network",
};
