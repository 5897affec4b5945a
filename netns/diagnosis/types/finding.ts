/** A cause that was found, for people and for programs. */

export type Severity = "error" | "warning" | "note";

/**
 * `confirmed`: the state says it and a real packet showed it. `likely`: one of both. `possible`: it would fit what was
 * seen, and cannot be read.
 */
export type Confidence = "confirmed" | "likely" | "possible";

export interface Evidence {
  /** Where it was read: a file, a kernel table, a command that shows the same. */
  readonly source: string;
  readonly value: string;
  readonly expected?: string;
}

export interface Finding {
  /** `CTRN101`. Never given to another cause. */
  readonly code: string;
  readonly severity: Severity;
  /** What is at fault: `sysctl net.ipv4.ip_forward`, `container web`, `table inet ufw6`. */
  readonly object: string;
  /** The cause in one plain sentence: no word that a beginner would have to look up. */
  readonly title: string;
  /** Two or three sentences: what follows of it, who may have done it. */
  readonly explanation: string;
  readonly evidence: readonly Evidence[];
  readonly confidence: Confidence;
  readonly fix: Fix | undefined;
  /** On the way of a flow: where it strikes. The first obstacle of the way comes first. */
  readonly position: { readonly direction: "there" | "back"; readonly hop: number } | undefined;
}

export interface Fix {
  /** What to do, as a sentence or two. */
  readonly text: string;
  /** To type on the host, in order, as argument vectors. */
  readonly commands: readonly (readonly string[])[];
  /** The object is ctr's: `--fix` may do it. */
  readonly owned: boolean;
  /** What `--fix` does; undefined when it is not ours. */
  readonly action: FixAction | undefined;
}

export type FixAction =
  /** `ctr net repair`: the kernel is brought to what the store says. */
  | { readonly kind: "repair" }
  /** A program, run in a namespace of the snapshot. */
  | { readonly kind: "run"; readonly place: string; readonly argv: readonly string[] }
  | { readonly kind: "sysctl"; readonly place: string; readonly key: string; readonly value: string };
