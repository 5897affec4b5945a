/** What `ctr net matrix` answers. */
import type { Confidence, NotRead, Result } from "../../netns/index.ts";

export const MATRIX_SCHEMA = "ctr.net.matrix/1";

export interface MatrixReport {
  readonly schema: typeof MATRIX_SCHEMA;
  /** Every pair is as it has to be. */
  readonly healthy: boolean;
  readonly pairs: readonly MatrixPair[];
  readonly notChecked: readonly NotRead[];
  readonly milliseconds: number;
}

export interface MatrixPair {
  /** As one would write them for `ctr net why`. */
  readonly from: string;
  readonly to: string;
  /** What it is about: a container's own port, a published one, a name, the way out. */
  readonly kind: "container" | "published" | "host" | "outside" | "name";
  readonly expected: "reachable" | "unreachable";
  /** Why that is expected: the network, a grant, a published port, the user's file. */
  readonly because: string;
  readonly result: Result;
  readonly verdict: "as expected" | "unexpected deny" | "unexpected allow" | "undetermined";
  /** What stands in the way first, or lets it pass though it should not. */
  readonly cause: { readonly code: string; readonly title: string; readonly confidence: Confidence } | undefined;
}
