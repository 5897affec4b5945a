/** A fault of the kernel's state, with the way to mend it. */
import type { Difference } from "../types.ts";

export interface Fault extends Pick<Difference, "kind" | "object" | "text"> {
  readonly mend: () => void | Promise<void>;
}
