import type { Cause } from "../../types/index.ts";

/** Told where the ends of a flow are looked up: there is nobody to send from or to. */
export const notRunning: Cause = {
  code: "CTRN611",
  severity: "error",
  heading: "The container does not run",
};
