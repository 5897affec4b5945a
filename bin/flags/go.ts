/** Texts as Go writes them: Docker's messages and templates show strings this way. */

/** A string in double quotes, as Go's `%q`. */
export function goQuote(text: string): string {
  return JSON.stringify(text);
}
