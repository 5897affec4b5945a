/** How nft statements reach the kernel. */
import { BackendError } from "../backend.ts";

export interface NftTransport extends Disposable {
  /** For logs: `libnftables` or `nft`. */
  readonly name: string;
  /**
   * Runs statements as one transaction.
   * @returns what they print, for statements that list
   * @throws {NftError} and nothing has changed
   */
  run(script: string): string;
}

/** nft or the kernel refused a transaction. */
export class NftError extends BackendError {
  override readonly name: string = "NftError";

  /** @param output what nft wrote: `Error: reason`, then the line of the script, then a line of carets */
  constructor(output: string) {
    const { reason, statement } = parseNftOutput(output);
    const text = statement === "" ? `nft: ${reason}` : `nft: ${reason}: ${statement}`;
    super(text, reason.includes("No such file or directory"));
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
