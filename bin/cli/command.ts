/** What a command is: its words, its options, what it does. One file a command in `commands/`. */
import { FlagError } from "../flags/errors.ts";
import { describeOptions } from "../flags/help.ts";
import type { OptionTable } from "../flags/options.ts";
import { type Parsed, parseFlags } from "../flags/parse.ts";
import type { Client } from "./client/client.ts";
import { CliError, ExitCode } from "./errors.ts";

export interface Context {
  /** The engine's API. Connects, and starts the engine where that is allowed, at the first request. */
  readonly client: Client;
  /** How the command was called, `container ls`, for texts. */
  readonly path: string;
}

export interface CommandDefinition<O extends OptionTable> {
  /** One line for lists of commands. */
  readonly summary: string;
  /** What follows the command's name: `[OPTIONS] IMAGE [COMMAND] [ARG...]`. */
  readonly usage: string;
  /** How many operands it takes: at least, at most. */
  readonly operands: readonly [least: number, most: number];
  /** Options end at the first operand: what follows belongs to the program that is run. */
  readonly stopsAtOperand?: boolean;
  readonly options: O;
  /** Lines `command   # what it does`, without the indent. */
  readonly examples: readonly string[];
  /** Further names, for `--help`. */
  readonly alsoKnownAs?: readonly string[];
  /** Exit code for a command line that is wrong; Docker's own when absent. */
  readonly usageExitCode?: number;
  /** @returns the exit code; none is 0 */
  run(parsed: Parsed<O>, context: Context): Promise<number> | Promise<void>;
}

/** A command whose option types are closed over. */
export interface Command {
  readonly summary: string;
  execute(argv: readonly string[], context: Context): Promise<number>;
  help(path: string): string;
}

export function defineCommand<O extends OptionTable>(definition: CommandDefinition<O>): Command {
  const help = (path: string): string => helpOf(definition, path);
  return {
    summary: definition.summary,
    help,
    async execute(argv, context) {
      const parsed = parse(definition, argv, context.path);
      if (parsed.help) {
        process.stdout.write(help(context.path));
        return 0;
      }
      for (const warning of parsed.warnings) console.error(warning);
      checkOperands(definition, parsed.operands.length, context.path);
      return (await definition.run(parsed, context)) ?? 0;
    },
  };
}

function parse<O extends OptionTable>(definition: CommandDefinition<O>, argv: readonly string[], path: string) {
  try {
    return parseFlags(argv, definition.options, { interspersed: definition.stopsAtOperand !== true });
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    throw flagFailure(error, `${path} ${definition.usage}`, path, definition.usageExitCode);
  }
}

/** A wrong flag with the usage below it. */
export function flagFailure(
  { message, hint }: FlagError,
  usage: string,
  path: string,
  exitCode: number = ExitCode.notRun,
): CliError {
  const wayOut = hint === undefined ? "" : `\n${hint}`;
  const name = path === "" ? "ctr" : `ctr ${path}`;
  return new CliError(
    `${message}${wayOut}\n\nUsage:  ctr ${usage}\n\nRun '${name} --help' for more information`,
    exitCode,
  );
}

function checkOperands<O extends OptionTable>(
  { operands: [least, most], usage, usageExitCode }: CommandDefinition<O>,
  count: number,
  path: string,
): void {
  if (count >= least && count <= most) return;
  const plural = (number: number) => `${number} argument${number === 1 ? "" : "s"}`;
  const needs = (): string => {
    if (most === 0) return "accepts no arguments";
    if (least === most) return `requires ${plural(least)}`;
    return count < least ? `requires at least ${plural(least)}` : `requires at most ${plural(most)}`;
  };
  // Docker's own mix of words.
  const verb = most !== 0 && least !== most && count < least ? "See" : "Run";
  throw new CliError(
    `ctr: 'ctr ${path}' ${needs()}\n\nUsage:  ctr ${path} ${usage}\n\n${verb} 'ctr ${path} --help' for more information`,
    usageExitCode,
  );
}

function helpOf<O extends OptionTable>(definition: CommandDefinition<O>, path: string): string {
  const { usage, summary, options, examples, alsoKnownAs = [] } = definition;
  const names = [path, ...alsoKnownAs.filter((name) => name !== path)];
  const sections = [
    `Usage:  ctr ${path}${usage === "" ? "" : ` ${usage}`}`,
    summary,
    ...(names.length > 1 ? [`Aliases:\n  ${names.map((name) => `ctr ${name}`).join(", ")}`] : []),
    ...(Object.keys(options).length > 0 ? [`Options:\n${describeOptions(options)}`] : []),
    `Examples:\n${exampleLines(examples)}`,
  ];
  return `${sections.join("\n\n")}\n`;
}

/** What a command does, after `#`, stands in a column of its own. */
function exampleLines(examples: readonly string[]): string {
  const pairs = examples.map((line) => line.split(/ {2,}# /));
  const width = Math.max(...pairs.filter(({ length }) => length > 1).map(([left = ""]) => left.length));
  return pairs
    .map(([left = "", right]) => (right === undefined ? `  ${left}` : `  ${left.padEnd(width)}   # ${right}`))
    .join("\n");
}
