/** `ctr`: reads the command line, runs one command, ends with its exit code. */
import { CtrError, hasCode, messageOf } from "../../lib/errors.ts";
import { buildFacts } from "../build-facts.ts";
import { FlagError } from "../flags/errors.ts";
import { type Parsed, parseFlags } from "../flags/parse.ts";
import { engineAddress } from "./client/address.ts";
import { Client } from "./client/client.ts";
import { helpUnreachable } from "./client/unreachable.ts";
import { flagFailure } from "./command.ts";
import { findCommand } from "./dispatch.ts";
import { CliError, ExitCode } from "./errors.ts";
import { GLOBAL_OPTIONS } from "./global-options.ts";

async function main(argv: readonly string[]): Promise<number> {
  const { values, operands, help } = parseGlobal(argv);
  if (values.version) {
    const { version, gitCommit } = buildFacts();
    process.stdout.write(`ctr version ${version}, build ${gitCommit}\n`);
    return 0;
  }
  const [first, ...rest] = operands;
  const wantsHelp = help || first === undefined;
  // `ctr help run` is `ctr run --help`.
  const words = first === "help" ? [...rest, "--help"] : operands;
  if (wantsHelp || words[0] === "--help") {
    const { generalHelp } = await import("./help.ts");
    process.stdout.write(await generalHelp(GLOBAL_OPTIONS));
    return 0;
  }
  return await runCommand(words, values.host);
}

function parseGlobal(argv: readonly string[]): Parsed<typeof GLOBAL_OPTIONS> {
  try {
    return parseFlags(argv, GLOBAL_OPTIONS, { interspersed: false });
  } catch (error) {
    if (error instanceof FlagError) throw flagFailure(error, "[OPTIONS] COMMAND [ARG...]", "");
    throw error;
  }
}

async function runCommand(words: readonly string[], host: string | undefined): Promise<number> {
  const target = findCommand(words);
  if (target.kind === "group") {
    const { groupHelp } = await import("./help.ts");
    process.stdout.write(await groupHelp(target.name, target.group));
    return 0;
  }
  const command = await target.load();
  const address = engineAddress(host, process.env);
  const client = new Client(address, (error) => helpUnreachable(address, error));
  try {
    return await command.execute(target.argv, { client, path: target.path });
  } finally {
    client.close();
  }
}

/** A reader that went away, as in `ctr logs web | head`, ends us quietly. */
function endWithReader(error: Error): void {
  if (hasCode(error, "EPIPE")) process.exit(process.exitCode ?? 0);
  throw error;
}

function report(error: unknown): number {
  if (error instanceof CliError) {
    if (error.message !== "") console.error(error.message);
    return error.exitCode;
  }
  console.error(messageOf(error));
  if (error instanceof CtrError && error.hint !== undefined) console.error(error.hint);
  return ExitCode.failed;
}

process.stdout.on("error", endWithReader);
process.stderr.on("error", endWithReader);
// No top-level await: the bundle is CommonJS, which loads faster.
main(process.argv.slice(2)).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    process.exitCode = report(error);
  },
);
