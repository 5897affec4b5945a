/** A flag that is not known, or whose value is wrong. Docker's exit code for it is 125. */
export class FlagError extends Error {
  override readonly name: string = "FlagError";
  /** The way out, as a line of its own. */
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}
