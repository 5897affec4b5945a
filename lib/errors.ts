/**
 * The one error type of ctr. Every error that can reach a user is a {@link CtrError}: it has a stable code that
 * programs can match, the HTTP status the Engine API answers with, and where we know one, a hint: the way out.
 */

/** What kind of failure it is. The kind decides the HTTP status; the statuses are the Docker Engine API's. */
const STATUS_BY_KIND = {
  /** The request itself is wrong: bad syntax, value out of range, contradiction. */
  invalid: 400,
  /** Asked for without a right to it. */
  unauthorized: 401,
  /** Understood and refused, whoever asks. */
  forbidden: 403,
  /** No such object. */
  notFound: 404,
  /** The object exists but its present state forbids this. */
  conflict: 409,
  /** Nothing to do: already in the asked state. Docker answers 304 without a body. */
  notModified: 304,
  /** The engine or the kernel failed. */
  system: 500,
  /** This host, kernel or build cannot do it. */
  unsupported: 501,
  /** Something we need (a registry, the engine) does not answer. */
  unavailable: 503,
} as const;

export type ErrorKind = keyof typeof STATUS_BY_KIND;

export interface ErrorDetails {
  /** Stable, for programs: `CTR_` and upper case words. */
  readonly code: `CTR_${string}`;
  /** What to do about it, as a sentence or a command. Shown on a line of its own by the CLI. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

export class CtrError extends Error {
  override readonly name: string = "CtrError";
  readonly kind: ErrorKind;
  readonly code: ErrorDetails["code"];
  readonly hint: string | undefined;

  constructor(kind: ErrorKind, message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.kind = kind;
    this.code = details.code;
    this.hint = details.hint;
  }

  /** The HTTP status the Engine API answers with. */
  get status(): number {
    return STATUS_BY_KIND[this.kind];
  }
}

/** @param details a code alone, or a code with hint and cause. */
type Details = ErrorDetails["code"] | ErrorDetails;

const maker =
  (kind: ErrorKind) =>
  (message: string, details: Details): CtrError =>
    new CtrError(kind, message, typeof details === "string" ? { code: details } : details);

export const invalid = maker("invalid");
export const unauthorized = maker("unauthorized");
export const forbidden = maker("forbidden");
export const notFound = maker("notFound");
export const conflict = maker("conflict");
export const notModified = maker("notModified");
export const systemFailure = maker("system");
export const unsupported = maker("unsupported");
export const unavailable = maker("unavailable");

/** The text of any thrown value, without stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a Node system error (`ENOENT` …) or of a {@link CtrError}; undefined for anything else. */
export function codeOf(error: unknown): string | undefined {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return undefined;
}

/** True when `error` is a Node system error with one of these codes, as `hasCode(error, "ENOENT")`. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  const code = codeOf(error);
  return code !== undefined && codes.includes(code);
}

/** The same error with where it happened before its text: `starting web: no such file`. */
export function prefixed(where: string, error: unknown): CtrError {
  const { kind, message, code, hint } = toCtrError(error);
  return new CtrError(kind, `${where}: ${message}`, { code, hint, cause: error });
}

/** Any thrown value as a {@link CtrError}; what is none already becomes a `system` failure with code `CTR_INTERNAL`. */
export function toCtrError(error: unknown): CtrError {
  if (error instanceof CtrError) return error;
  return systemFailure(messageOf(error), { code: "CTR_INTERNAL", cause: error });
}
