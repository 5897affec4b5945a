/** How nft statements reach the kernel. */

export interface NftTransport extends Disposable {
  /** For logs: `libnftables` or `nft`. */
  readonly name: string;
  /**
   * Runs statements as one transaction.
   * @throws {NftError} and nothing has changed
   */
  run(script: string): void;
}

/** nft or the kernel refused a transaction. */
export class NftError extends Error {
  override readonly name: string = "NftError";
  /** A table, chain, set or element that a statement needs is not there. */
  readonly missing: boolean;

  /** @param output what nft wrote: `Error: reason`, then the line of the script, then a line of carets */
  constructor(output: string) {
    const { reason, statement } = parseNftOutput(output);
    super(statement === "" ? `nft: ${reason}` : `nft: ${reason}: ${statement}`);
    this.missing = reason.includes("No such file or directory");
  }
}

/** Exported for tests. */
export function parseNftOutput(output: string): { readonly reason: string; readonly statement: string } {
  const lines = output.split("\n").map((line) => line.trim());
  const at = lines.findIndex((line) => line.includes("Error: "));
  if (at < 0) return { reason: output.trim() || "unknown error", statement: "" };
  const reason = lines[at]?.replace(/^.*?Error: /, "") ?? "";
  const next = lines[at + 1] ?? "";
  return { reason, statement: /^\^*$/.test(next) || next.includes("Error: ") ? "" : next };
}
