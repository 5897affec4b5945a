/** Takes a Go template apart into text and the tokens of its actions. */
import { CliError } from "../../errors.ts";

export type Token =
  /** `glued` to what stands before it: `.A.B` is one operand, `.A .B` are two. */
  | { readonly kind: "field"; readonly name: string; readonly glued: boolean }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "word"; readonly name: string }
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "sign"; readonly sign: "(" | ")" | "|" | "," | ":=" | "=" | "." };

export type Piece =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "action"; readonly tokens: readonly Token[]; readonly source: string };

/** @throws {CliError} for an action that does not end */
export function splitTemplate(template: string): Piece[] {
  const pieces: Piece[] = [];
  let rest = template;
  let trimNext = false;
  for (;;) {
    const start = rest.indexOf("{{");
    const literal = start < 0 ? rest : rest.slice(0, start);
    const trimsBefore = start >= 0 && /^\{\{-\s/.test(rest.slice(start));
    const text = trimmed(literal, trimNext, trimsBefore);
    if (text !== "") pieces.push({ kind: "literal", text });
    if (start < 0) return pieces;
    const length = actionLength(rest.slice(start), template);
    const inside = rest.slice(start + 2 + (trimsBefore ? 1 : 0), start + length - 2);
    trimNext = /\s-$/.test(inside);
    const source = (trimNext ? inside.slice(0, -1) : inside).trim();
    if (!source.startsWith("/*")) pieces.push({ kind: "action", tokens: tokensOf(source), source });
    rest = rest.slice(start + length);
  }
}

function trimmed(text: string, start: boolean, end: boolean): string {
  const left = start ? text.trimStart() : text;
  return end ? left.trimEnd() : left;
}

/** Length of `{{…}}`; braces within strings do not end it. */
function actionLength(text: string, template: string): number {
  const match = /^\{\{(?:"(?:\\.|[^"\\])*"|`[^`]*`|[^"`}]|\}(?!\}))*\}\}/.exec(text);
  if (match === null) throw new CliError(`template parsing error: template: :1: unclosed action in ${template}`);
  return match[0].length;
}

const TOKEN =
  /\s*(?:(\.[\p{L}_][\p{L}\p{N}_]*)|(\$[\p{L}\p{N}_]*)|([\p{L}_][\p{L}\p{N}_]*)|("(?:\\.|[^"\\])*")|`([^`]*)`|([+-]?\d+(?:\.\d+)?)|(:=|[()|,=.]))/uy;

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (source.slice(TOKEN.lastIndex).trim() !== "") {
    const position = TOKEN.lastIndex;
    const match = TOKEN.exec(source);
    if (match === null) {
      const character = source.slice(position).trim()[0] ?? "";
      throw new CliError(`template parsing error: template: :1: unexpected "${character}" in {{${source}}}`);
    }
    tokens.push(tokenOf(match));
  }
  return tokens;
}

function tokenOf([whole, field, variable, word, quoted, raw, number, sign]: RegExpExecArray): Token {
  if (field !== undefined) return { kind: "field", name: field.slice(1), glued: whole.startsWith(".") };
  if (variable !== undefined) return { kind: "variable", name: variable };
  if (word !== undefined) return { kind: "word", name: word };
  if (quoted !== undefined) return { kind: "text", value: unquote(quoted) };
  if (raw !== undefined) return { kind: "text", value: raw };
  if (number !== undefined) return { kind: "number", value: Number(number) };
  return { kind: "sign", sign: sign as "(" };
}

function unquote(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    throw new CliError(`template parsing error: template: :1: bad string ${quoted}`);
  }
}
