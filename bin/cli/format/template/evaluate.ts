/** Runs a parsed template over a value. */
import { nearest } from "../../../../lib/nearest.ts";
import { goQuote } from "../../../flags/go.ts";
import { CliError } from "../../errors.ts";
import type { Method } from "../row.ts";
import { FUNCTIONS } from "./functions.ts";
import { parseTemplate } from "./parser.ts";
import type { Expression, Node } from "./tree.ts";
import { isTrue, showValue } from "./values.ts";

/**
 * Parses a template once, to be run over many values.
 * @throws {CliError} for a template that is not well formed; the result throws it for a field that is not there
 */
export function compileTemplate(template: string): (data: unknown) => string {
  const nodes = parseTemplate(template);
  return (data) => new Run(data).text(nodes, data);
}

class Run {
  readonly #variables: Map<string, unknown>;

  constructor(root: unknown) {
    this.#variables = new Map([["$", root]]);
  }

  text(nodes: readonly Node[], dot: unknown): string {
    return nodes.map((node) => this.#node(node, dot)).join("");
  }

  #node(node: Node, dot: unknown): string {
    switch (node.kind) {
      case "literal":
        return node.text;
      case "print":
        return showValue(this.#value(node.expression, dot));
      case "assign":
        this.#variables.set(node.name, this.#value(node.expression, dot));
        return "";
      case "if":
        return this.text(isTrue(this.#value(node.condition, dot)) ? node.body : node.otherwise, dot);
      case "with": {
        const value = this.#value(node.condition, dot);
        return isTrue(value) ? this.text(node.body, value) : this.text(node.otherwise, dot);
      }
      case "range":
        return this.#range(node, dot);
    }
  }

  #range({ over, key, value, body, otherwise }: Extract<Node, { kind: "range" }>, dot: unknown): string {
    const items = entriesOf(this.#value(over, dot));
    if (items.length === 0) return this.text(otherwise, dot);
    return items
      .map(([name, item]) => {
        if (key !== undefined) this.#variables.set(key, name);
        if (value !== undefined) this.#variables.set(value, item);
        return this.text(body, item);
      })
      .join("");
  }

  #value(expression: Expression, dot: unknown): unknown {
    switch (expression.kind) {
      case "dot":
        return dot;
      case "constant":
        return expression.value;
      case "variable":
        if (!this.#variables.has(expression.name)) {
          throw new CliError(`template parsing error: template: :1: undefined variable "${expression.name}"`);
        }
        return this.#variables.get(expression.name);
      case "field": {
        const owner = this.#value(expression.of, dot);
        const field = fieldOf(owner, expression.name);
        return typeof field === "function"
          ? (field as Method)(...expression.arguments.map((argument) => this.#value(argument, dot)))
          : field;
      }
      case "call": {
        const called = Object.hasOwn(FUNCTIONS, expression.name) ? FUNCTIONS[expression.name] : undefined;
        if (called === undefined) {
          throw new CliError(`template parsing error: template: :1: function ${goQuote(expression.name)} not defined`);
        }
        return called(...expression.arguments.map((argument) => this.#value(argument, dot)));
      }
    }
  }
}

/** Maps go by sorted key, as Go's. */
function entriesOf(value: unknown): readonly (readonly [unknown, unknown])[] {
  if (Array.isArray(value)) return [...value.entries()];
  if (typeof value === "object" && value !== null) return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return [];
}

/**
 * A field by its name. The API writes `Id` where Go programs write `.ID`: a name that is not there is looked for without
 * regard to case.
 */
function fieldOf(owner: unknown, name: string): unknown {
  if (owner === null || owner === undefined) return undefined;
  if (typeof owner === "object" && !Array.isArray(owner)) {
    const record = owner as Record<string, unknown>;
    if (Object.hasOwn(record, name)) return record[name];
    const other = Object.keys(record).find((key) => key.toLowerCase() === name.toLowerCase());
    if (other !== undefined) return record[other];
    const meant = nearest(name, Object.keys(record));
    const hint = meant === undefined ? "" : `\nDid you mean .${meant}?`;
    throw new CliError(
      `template parsing error: template: :1: executing "" at <.${name}>: map has no entry for key "${name}"${hint}`,
    );
  }
  throw new CliError(`template parsing error: template: :1: executing "" at <.${name}>: can't evaluate field ${name}`);
}
