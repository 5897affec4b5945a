/** `--storage-opt size=`: how much a container may write into its file system. */
import { invalid, unsupported } from "../../lib/errors.ts";
import { joinProject, keepsProjectQuotas, limitProject } from "../../lib/system/project-quota.ts";
import { parseSize } from "../../lib/units/size.ts";

/** The first project of ours: small numbers are people's own, in /etc/projects. */
export const FIRST_PROJECT = 2 ** 20;

/**
 * @returns bytes; undefined when nothing is asked
 * @throws `invalid` for what cannot be read
 */
export function spaceOf(options: Readonly<Record<string, string>>): number | undefined {
  const unknown = Object.keys(options).find((option) => option !== "size");
  if (unknown !== undefined) throw invalid(`Unknown option ${unknown}`, "CTR_STORAGE_OPTION_INVALID");
  const { size } = options;
  return size === undefined ? undefined : parseSize(size) || undefined;
}

/** @throws `unsupported`, with Docker's text, where the file system cannot limit directories */
export function checkSpace(directory: string): void {
  if (keepsProjectQuotas(directory)) return;
  throw unsupported("--storage-opt is supported only for overlay over xfs with 'pquota' mount option", {
    code: "CTR_STORAGE_OPTION_UNSUPPORTED",
    hint: `${directory} must be on xfs mounted with pquota, or on ext4 with the feature project mounted with prjquota; --tmpfs limits single directories anywhere`,
  });
}

/** Limits an empty directory, before anything is made in it. @param bytes at most */
export function limitSpace(directory: string, project: number, bytes: number): void {
  limitProject(directory, project, bytes);
  joinProject(directory, project);
}

/** The project is free again. @param directory any of the file system */
export function freeSpace(directory: string, project: number): void {
  // Nothing holds when the file system is mounted without quotas now.
  if (keepsProjectQuotas(directory)) limitProject(directory, project, 0);
}
