/** Environment variables and labels: single values, and the files that hold many. */
import { readFileSync } from "node:fs";
import { hasCode } from "../../../lib/errors.ts";
import { CliError, ExitCode } from "../errors.ts";

/** `NAME=value`; `NAME` alone passes the user's own variable on. @throws when the name is missing */
export function parseEnvironmentVariable(text: string): string {
  if (text === "" || text.startsWith("=")) throw new Error(`invalid environment variable: ${text}`);
  return text;
}

/**
 * All variables, files first, so that single ones override them.
 * @param own the user's environment, for variables that are named without a value; those it lacks are left out
 * @throws {CliError}
 */
export function environmentOf(
  files: readonly string[],
  variables: readonly string[],
  own: NodeJS.ProcessEnv = process.env,
): string[] {
  const lines = files.flatMap((file) => linesOf(file).map((line) => checkVariableLine(line, file)));
  return [...lines, ...variables].flatMap((variable) => {
    if (variable.includes("=")) return [variable];
    const value = own[variable];
    return value === undefined ? [] : [`${variable}=${value}`];
  });
}

/** Labels as the API has them; a label without value is empty. */
export function labelsOf(files: readonly string[], labels: readonly string[]): Record<string, string> {
  const lines = [...files.flatMap(linesOf), ...labels];
  return Object.fromEntries(
    lines.map((line) => {
      const equals = line.indexOf("=");
      return equals < 0 ? [line, ""] : [line.slice(0, equals), line.slice(equals + 1)];
    }),
  );
}

/** Lines without comments and blank ones; leading space does not count. */
function linesOf(file: string): string[] {
  return readText(file)
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .map((line) => line.trimStart())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

function checkVariableLine(line: string, file: string): string {
  const name = line.split("=", 1)[0] ?? "";
  if (name === "") throw failed(`invalid env file (${file}): no variable name on line '${line}'`);
  if (/\s/.test(line.includes("=") ? name : name.trimEnd())) {
    throw failed(`invalid env file (${file}): variable '${name}' contains whitespaces`);
  }
  return line.includes("=") ? line : line.trimEnd();
}

/** @throws {CliError} with Go's words, as Docker says them */
export function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) throw failed(`open ${file}: no such file or directory`);
    if (hasCode(error, "EACCES")) throw failed(`open ${file}: permission denied`);
    if (hasCode(error, "EISDIR")) throw failed(`read ${file}: is a directory`);
    throw error;
  }
}

const failed = (message: string): CliError => new CliError(message, ExitCode.notRun);
