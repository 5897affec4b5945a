/** Files of one group as a plan and a reading see them: each is read once, when it is first asked for. */
import { hasCode } from "../lib/errors.ts";
import type { KernelFiles } from "./files.ts";
import type { Hierarchy } from "./host.ts";
import { type FileText, INITIAL_TEXT } from "./table/index.ts";

export interface GroupFiles {
  readonly directory: (hierarchy: Hierarchy) => string;
  /** Present content of its files. */
  readonly text: (hierarchy: Hierarchy) => FileText;
}

export function existingGroup(files: KernelFiles, directory: (hierarchy: Hierarchy) => string): GroupFiles {
  const texts = new Map<Hierarchy, FileText>();
  return {
    directory,
    text(hierarchy) {
      const text = texts.get(hierarchy) ?? fileTextOf(files, directory(hierarchy));
      texts.set(hierarchy, text);
      return text;
    },
  };
}

/** A group that was just made: what is in most of its files is known, and reading them would cost as much as writing. */
export function freshGroup(files: KernelFiles, directory: (hierarchy: Hierarchy) => string): GroupFiles {
  const existing = existingGroup(files, directory);
  return { directory, text: (hierarchy) => (file) => INITIAL_TEXT[file] ?? existing.text(hierarchy)(file) };
}

/** Reads files of one directory, each once. */
export function fileTextOf(files: KernelFiles, directory: string): FileText {
  const cache = new Map<string, string | undefined>();
  return (file) => {
    if (!cache.has(file)) cache.set(file, readOptional(files, `${directory}/${file}`));
    return cache.get(file);
  };
}

/** Undefined for a file that the kernel does not have. */
export function readOptional(files: KernelFiles, path: string): string | undefined {
  try {
    return files.read(path);
  } catch (error) {
    // EOPNOTSUPP: switched off when the kernel was started (psi=0) or built without.
    if (hasCode(error, "ENOENT", "ENODEV", "EOPNOTSUPP", "ENOTSUP")) return undefined;
    throw error;
  }
}
