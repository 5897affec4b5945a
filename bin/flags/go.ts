/** Texts as Go writes them: Docker's messages and templates show strings this way. */

/** A string in double quotes, as Go's `%q`. */
export function goQuote(text: string): string {
  return JSON.stringify(text);
}

/** JSON as Go's encoder writes it: `<`, `>` and `&` as escapes. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);
}
