/** Parses a Go template: what `--format` takes. The part of the language that people use in it. */
import { CliError } from "../../errors.ts";
import { type Piece, splitTemplate, type Token } from "./lexer.ts";
import type { Expression, Node } from "./tree.ts";

/** @throws {CliError} with a text that begins like Docker's */
export function parseTemplate(template: string): readonly Node[] {
  const reader = new NodeReader(splitTemplate(template));
  const nodes = reader.nodes();
  if (reader.ended !== undefined) throw bad(`unexpected {{${reader.ended}}}`);
  return nodes;
}

class NodeReader {
  readonly #pieces: Piece[];
  /** Keyword and source of the action that ended the last block: `end`, `else …`. */
  ended: string | undefined;

  constructor(pieces: Piece[]) {
    this.#pieces = pieces;
  }

  /** Reads up to the end of the block, or of the template. */
  nodes(): Node[] {
    const nodes: Node[] = [];
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece === undefined) {
        this.ended = undefined;
        return nodes;
      }
      if (piece.kind === "literal") nodes.push(piece);
      else {
        const [first] = piece.tokens;
        if (first?.kind === "word" && (first.name === "end" || first.name === "else")) {
          this.ended = piece.source;
          return nodes;
        }
        nodes.push(this.#action(piece.tokens, piece.source));
      }
    }
  }

  #action(tokens: readonly Token[], source: string): Node {
    const [first, second, third] = tokens;
    if (first?.kind === "word" && (first.name === "if" || first.name === "with")) {
      return { kind: first.name, condition: expressionOf(tokens.slice(1), source), ...this.#blocks(source) };
    }
    if (first?.kind === "word" && first.name === "range") return this.#range(tokens.slice(1), source);
    if (first?.kind === "variable" && second?.kind === "sign" && (second.sign === ":=" || second.sign === "=")) {
      if (third === undefined) throw bad(`missing value in {{${source}}}`);
      return { kind: "assign", name: first.name, expression: expressionOf(tokens.slice(2), source) };
    }
    return { kind: "print", expression: expressionOf(tokens, source) };
  }

  #range(tokens: readonly Token[], source: string): Node {
    const assignment = tokens.findIndex((token) => token.kind === "sign" && token.sign === ":=");
    const names = tokens
      .slice(0, Math.max(assignment, 0))
      .flatMap((token) => (token.kind === "variable" ? [token.name] : []));
    const over = expressionOf(tokens.slice(assignment + 1), source);
    const [key, value] = names.length > 1 ? names : [undefined, names[0]];
    return { kind: "range", over, key, value, ...this.#blocks(source) };
  }

  /** The body of a block up to `{{end}}`, and what stands after `{{else}}`. */
  #blocks(source: string): { readonly body: readonly Node[]; readonly otherwise: readonly Node[] } {
    const body = this.nodes();
    if (this.ended === undefined) throw bad(`unexpected EOF: {{${source}}} has no {{end}}`);
    if (this.ended === "end") return { body, otherwise: [] };
    const chained = this.ended.slice("else".length).trim();
    if (chained !== "") {
      // `{{else if …}}` shares its `{{end}}` with the block before it.
      const [piece] = splitTemplate(`{{${chained}}}`);
      if (piece?.kind !== "action") throw bad(`unexpected {{${this.ended}}}`);
      return { body, otherwise: [this.#action(piece.tokens, chained)] };
    }
    const otherwise = this.nodes();
    if (this.ended !== "end") throw bad(`unexpected EOF: {{${source}}} has no {{end}}`);
    return { body, otherwise };
  }
}

/** A pipeline: each command's value becomes the last argument of the next. */
function expressionOf(tokens: readonly Token[], source: string): Expression {
  const reader = new ExpressionReader(tokens, source);
  const expression = reader.pipeline();
  reader.expectEnd();
  return expression;
}

class ExpressionReader {
  readonly #tokens: Token[];
  readonly #source: string;

  constructor(tokens: readonly Token[], source: string) {
    this.#tokens = [...tokens];
    this.#source = source;
  }

  expectEnd(): void {
    if (this.#tokens.length > 0) throw bad(`unexpected word in {{${this.#source}}}`);
  }

  pipeline(): Expression {
    let value = this.#command();
    while (this.#takeSign("|")) value = this.#command(value);
    return value;
  }

  #command(piped?: Expression): Expression {
    const [first] = this.#tokens;
    if (first === undefined) throw bad(`missing value for command in {{${this.#source}}}`);
    const isFunction = first.kind === "word" && !Object.hasOwn(CONSTANTS, first.name);
    if (isFunction) this.#tokens.shift();
    const head = isFunction ? undefined : this.#operand();
    const args: Expression[] = [];
    while (this.#startsOperand()) args.push(this.#operand());
    if (piped !== undefined) args.push(piped);
    if (head === undefined) return { kind: "call", name: (first as { name: string }).name, arguments: args };
    if (args.length === 0) return head;
    if (head.kind !== "field") throw bad(`can't give argument to non-function in {{${this.#source}}}`);
    return { ...head, arguments: args };
  }

  #startsOperand(): boolean {
    const [token] = this.#tokens;
    return token !== undefined && (token.kind !== "sign" || token.sign === "(" || token.sign === ".");
  }

  #operand(): Expression {
    let expression = this.#base();
    for (let next = this.#tokens[0]; next?.kind === "field" && next.glued; next = this.#tokens[0]) {
      this.#tokens.shift();
      expression = { kind: "field", of: expression, name: next.name, arguments: [] };
    }
    return expression;
  }

  #base(): Expression {
    const token = this.#tokens.shift();
    if (token === undefined) throw bad(`missing value in {{${this.#source}}}`);
    switch (token.kind) {
      case "text":
      case "number":
        return { kind: "constant", value: token.value };
      case "variable":
        return { kind: "variable", name: token.name };
      case "field":
        return { kind: "field", of: { kind: "dot" }, name: token.name, arguments: [] };
      case "word": {
        const constant = Object.hasOwn(CONSTANTS, token.name) ? CONSTANTS[token.name] : undefined;
        if (constant === undefined) return { kind: "call", name: token.name, arguments: [] };
        return { kind: "constant", value: constant };
      }
      case "sign":
        if (token.sign === ".") return { kind: "dot" };
        if (token.sign !== "(") throw bad(`unexpected "${token.sign}" in {{${this.#source}}}`);
        return this.#parenthesis();
    }
  }

  #parenthesis(): Expression {
    const inner = this.pipeline();
    if (!this.#takeSign(")")) throw bad(`unclosed left paren in {{${this.#source}}}`);
    return inner;
  }

  #takeSign(sign: string): boolean {
    const [token] = this.#tokens;
    if (token?.kind !== "sign" || token.sign !== sign) return false;
    this.#tokens.shift();
    return true;
  }
}

const CONSTANTS: Readonly<Record<string, boolean | null>> = { true: true, false: false, nil: null };

const bad = (reason: string): CliError => new CliError(`template parsing error: template: :1: ${reason}`);
