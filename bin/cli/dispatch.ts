/** Finds the command that a command line names. */
import { nearest } from "../../lib/nearest.ts";
import { CliError } from "./errors.ts";
import { COMMANDS, GROUPS, type Group, type Load } from "./registry.ts";

export type Target =
  | { readonly kind: "command"; readonly path: string; readonly load: Load; readonly argv: readonly string[] }
  | { readonly kind: "group"; readonly name: string; readonly group: Group };

/**
 * @param words the command line without global options; not empty
 * @throws {CliError} with Docker's text and the nearest command
 */
export function findCommand([name = "", ...rest]: readonly string[]): Target {
  const commands = Object.assign({}, ...Object.values(COMMANDS)) as Record<string, Load>;
  if (Object.hasOwn(commands, name)) return { kind: "command", path: name, load: commands[name] as Load, argv: rest };
  const group = Object.hasOwn(GROUPS, name) ? GROUPS[name] : undefined;
  if (group !== undefined) return findInGroup(name, group, rest);
  const meant = nearest(name, [...Object.keys(commands), ...Object.keys(GROUPS)]);
  throw new CliError(`${unknown(name, meant)}\n\nRun 'ctr --help' for more information`);
}

function findInGroup(name: string, group: Group, words: readonly string[]): Target {
  const [verb, ...rest] = words;
  if (verb === undefined || verb === "--help" || verb === "-h") return { kind: "group", name, group };
  const known = group.aliases[verb] ?? verb;
  const load = Object.hasOwn(group.commands, known) ? group.commands[known] : undefined;
  if (load !== undefined) return { kind: "command", path: `${name} ${verb}`, load, argv: rest };
  const meant = nearest(verb, Object.keys(group.commands));
  throw new CliError(
    `${unknown(`${name} ${verb}`, meant === undefined ? undefined : `${name} ${meant}`)}\n\nUsage:  ctr ${name} COMMAND\n\nRun 'ctr ${name} --help' for more information`,
  );
}

const unknown = (path: string, meant: string | undefined): string =>
  `ctr: unknown command: ctr ${path}${meant === undefined ? "" : `\nDid you mean: ctr ${meant}`}`;
