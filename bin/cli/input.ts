/** The archive that a command reads. */
import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { codeOf, messageOf } from "../../lib/errors.ts";
import { CliError } from "./errors.ts";

const GO_WORDS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EISDIR: "is a directory",
};

/**
 * @param path of the file; undefined for stdin
 * @throws {CliError} with Go's words, as Docker says them
 */
export async function openInput(path: string | undefined): Promise<Readable> {
  if (path === undefined) return process.stdin;
  try {
    const file = await open(path);
    if ((await file.stat()).isDirectory()) {
      await file.close();
      throw new CliError(`read ${path}: is a directory`);
    }
    return file.createReadStream();
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`open ${path}: ${GO_WORDS[codeOf(error) ?? ""] ?? messageOf(error)}`);
  }
}
