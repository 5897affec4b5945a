/** A flag that is not known, or whose value is wrong. Docker's exit code for it is 125. */
export class FlagError extends Error {
  override readonly name: string = "FlagError";
  /** The flag that may have been meant, with its dashes. */
  readonly suggestion: string | undefined;

  constructor(message: string, suggestion?: string) {
    super(message);
    this.suggestion = suggestion;
  }
}
