/**
 * Parses a command line as Docker's (Go's pflag) does: `--name value`, `--name=value`, `-n value`, `-nvalue`, `-n=value`,
 * switches together (`-dit`), `--` ends the options. Texts of errors are pflag's.
 */
import { CtrError, messageOf } from "../../lib/errors.ts";
import { nearest } from "../../lib/nearest.ts";
import { FlagError } from "./errors.ts";
import { goQuote } from "./go.ts";
import type { Option, OptionTable, Values } from "./options.ts";

export interface Parsed<O> {
  readonly values: Values<O>;
  /** Names of the options that were on the command line. */
  readonly given: ReadonlySet<keyof O>;
  readonly operands: readonly string[];
  /** `--help` was there; nothing after it has been read. */
  readonly help: boolean;
  /** Sentences about options that should not be given any more. */
  readonly warnings: readonly string[];
}

export interface ParseRules {
  /** Options may follow operands. Where they may not (`run IMAGE COMMAND`), what follows belongs to the command. */
  readonly interspersed: boolean;
}

/** @throws {FlagError} */
export function parseFlags<O extends OptionTable>(argv: readonly string[], table: O, rules: ParseRules): Parsed<O> {
  return new Parser(table, rules).parse(argv);
}

class Parser<O extends OptionTable> {
  readonly #table: O;
  readonly #rules: ParseRules;
  readonly #values: Record<string, unknown>;
  readonly #given = new Set<keyof O>();
  readonly #operands: string[] = [];
  readonly #warnings: string[] = [];
  #help = false;
  #rest: string[] = [];

  constructor(table: O, rules: ParseRules) {
    this.#table = table;
    this.#rules = rules;
    this.#values = Object.fromEntries(Object.entries(table).map(([name, { initial }]) => [name, initial]));
  }

  parse(argv: readonly string[]): Parsed<O> {
    this.#rest = [...argv];
    while (this.#rest.length > 0 && !this.#help) this.#takeWord(this.#rest.shift() ?? "");
    return {
      values: this.#values as Values<O>,
      given: this.#given,
      operands: this.#operands,
      help: this.#help,
      warnings: this.#warnings,
    };
  }

  #takeWord(word: string): void {
    if (word === "--") this.#operands.push(...this.#rest.splice(0));
    else if (word.startsWith("--")) this.#takeLong(word);
    else if (word.startsWith("-") && word !== "-") this.#takeShort(word);
    else {
      this.#operands.push(word);
      if (!this.#rules.interspersed) this.#operands.push(...this.#rest.splice(0));
    }
  }

  #takeLong(word: string): void {
    const equals = word.indexOf("=");
    const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
    if (name === "" || name.startsWith("-")) throw new FlagError(`bad flag syntax: ${word}`);
    const known = this.#nameOfLong(name);
    if (known === undefined) {
      if (name !== "help") throw this.#unknown(name);
      this.#help = true;
      return;
    }
    if (equals >= 0) this.#set(known, word.slice(equals + 1));
    else if (this.#optionOf(known).value === undefined) this.#set(known, "true");
    else
      this.#set(
        known,
        this.#nextWord(() => new FlagError(`flag needs an argument: --${name}`)),
      );
  }

  /** One or more letters: switches, the last of which may be an option with its value. */
  #takeShort(word: string): void {
    for (let letters = word.slice(1); letters !== ""; ) {
      const letter = letters[0] ?? "";
      const rest = letters.slice(1);
      const name = this.#nameOfShort(letter);
      if (name === undefined) {
        if (letter !== "h") throw new FlagError(`unknown shorthand flag: '${letter}' in -${letters}`);
        this.#help = true;
        return;
      }
      if (rest.startsWith("=")) {
        this.#set(name, rest.slice(1));
        return;
      }
      if (this.#optionOf(name).value !== undefined) {
        const missing = () => new FlagError(`flag needs an argument: '${letter}' in -${letters}`);
        this.#set(name, rest === "" ? this.#nextWord(missing) : rest);
        return;
      }
      this.#set(name, "true");
      letters = rest;
    }
  }

  #nextWord(missing: () => FlagError): string {
    const word = this.#rest.shift();
    if (word === undefined) throw missing();
    return word;
  }

  #set(name: string, text: string): void {
    const option = this.#optionOf(name);
    try {
      this.#values[name] = option.accept(text, this.#values[name]);
    } catch (error) {
      const flag = option.short === undefined ? `--${name}` : `-${option.short}, --${name}`;
      throw new FlagError(`invalid argument ${goQuote(text)} for "${flag}" flag: ${messageOf(error)}`, hintOf(error));
    }
    this.#given.add(name);
    if (option.deprecated !== undefined) {
      this.#warnings.push(`Flag --${name} has been deprecated, ${option.deprecated}`);
    }
  }

  #optionOf(name: string): Option<unknown> {
    const option = this.#table[name];
    if (option === undefined) throw new TypeError(`no option ${name}`);
    return option;
  }

  #nameOfLong(name: string): string | undefined {
    if (Object.hasOwn(this.#table, name)) return name;
    return Object.entries(this.#table).find(([, { aliases }]) => aliases?.includes(name))?.[0];
  }

  #nameOfShort(letter: string): string | undefined {
    return Object.entries(this.#table).find(([, { short }]) => short === letter)?.[0];
  }

  #unknown(name: string): FlagError {
    const names = Object.entries(this.#table).flatMap(([long, { aliases = [] }]) => [long, ...aliases]);
    const meant = nearest(name, names);
    return new FlagError(`unknown flag: --${name}`, meant === undefined ? undefined : `Did you mean --${meant}?`);
  }
}

const hintOf = (error: unknown): string | undefined => (error instanceof CtrError ? error.hint : undefined);
