/** What goes wrong between us and a registry, in Docker's words. Scripts and CI systems match on them. */
import { type CtrError, codeOf, messageOf, notFound, systemFailure, unauthorized } from "../../../lib/errors.ts";
import { familiarName, familiarString, type Reference } from "../reference.ts";

/** An answer that is not what was asked for. */
export class RegistryError extends Error {
  override readonly name: string = "RegistryError";
  readonly status: number;
  /** `MANIFEST_UNKNOWN`, `DENIED` … (distribution API, "Errors"); empty when the answer named none. */
  readonly errorCode: string;

  constructor(status: number, errorCode: string, message: string) {
    super(message);
    this.status = status;
    this.errorCode = errorCode;
  }

  /** Whether asking again may help. */
  get transient(): boolean {
    return this.status >= 500 || this.status === 429 || this.status === 408;
  }
}

const CODE_TEXTS: Readonly<Record<string, string>> = {
  UNAUTHORIZED: "unauthorized",
  DENIED: "denied",
  MANIFEST_UNKNOWN: "manifest unknown",
  NAME_UNKNOWN: "name unknown",
  BLOB_UNKNOWN: "unknown blob",
  NAME_INVALID: "invalid repository name",
  TOOMANYREQUESTS: "toomanyrequests",
  UNSUPPORTED: "unsupported",
  UNAVAILABLE: "unavailable",
};

/**
 * Reads the error list of an answer.
 * @param insufficientScope the registry knows who asks and still refuses: Docker calls that denied
 */
export function registryError(status: number, body: string, url: string, insufficientScope = false): RegistryError {
  if (insufficientScope)
    return new RegistryError(status, "DENIED", "denied: requested access to the resource is denied");
  const { code, message } = firstError(body) ?? {};
  if (code === undefined) {
    if (status === 401) return new RegistryError(status, "UNAUTHORIZED", "unauthorized: authentication required");
    if (status === 403)
      return new RegistryError(status, "DENIED", "denied: requested access to the resource is denied");
    return new RegistryError(status, "", `received unexpected HTTP status: ${status} (${url})`);
  }
  const text = CODE_TEXTS[code] ?? code.toLowerCase().replaceAll("_", " ");
  return new RegistryError(status, code, message === undefined || message === "" ? text : `${text}: ${message}`);
}

function firstError(body: string): { readonly code?: string; readonly message?: string } | undefined {
  try {
    const { errors } = JSON.parse(body) as { errors?: { code?: string; message?: string }[] };
    return errors?.[0];
  } catch {
    return undefined;
  }
}

/** The failure of a pull as its user sees it; what is already one stays. */
export function pullFailure(error: unknown, reference: Reference, withCredentials: boolean): unknown {
  if (!(error instanceof RegistryError)) return error;
  const text = withContext(error, reference);
  if (text === undefined) return systemFailure(error.message, { code: "CTR_REGISTRY_FAILED", cause: error });
  if (error.errorCode === "UNAUTHORIZED" && withCredentials) {
    return unauthorized(error.message, { code: "CTR_REGISTRY_UNAUTHORIZED", cause: error });
  }
  return notFound(text, { code: "CTR_IMAGE_NOT_IN_REGISTRY", cause: error });
}

function withContext(error: RegistryError, reference: Reference): string | undefined {
  switch (error.errorCode) {
    case "MANIFEST_UNKNOWN":
      return `manifest for ${familiarString(reference)} not found: ${error.message}`;
    case "NAME_UNKNOWN":
      return `repository ${familiarName(reference)} not found: ${error.message}`;
    case "DENIED":
    case "UNAUTHORIZED":
      return `pull access denied for ${familiarName(reference)}, repository does not exist or may require 'docker login': ${error.message}`;
    default:
      return undefined;
  }
}

interface ConnectFailure {
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
}

/** A connection that did not come about or broke, as Go's net package words it. */
export function connectionFailure(error: unknown, method: string, url: string): CtrError {
  const verb = `${method.slice(0, 1)}${method.slice(1).toLowerCase()}`;
  return systemFailure(`${verb} "${url}": ${reasonOf(error)}`, { code: "CTR_REGISTRY_UNREACHABLE", cause: error });
}

const CONNECT_REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connect: connection refused",
  EHOSTUNREACH: "connect: no route to host",
  ENETUNREACH: "connect: network is unreachable",
  ETIMEDOUT: "i/o timeout",
};

function reasonOf(error: unknown): string {
  // A name with several addresses gives one error an address.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const code = codeOf(first) ?? "";
  const { address, port, hostname } = first as ConnectFailure;
  const reason = CONNECT_REASONS[code];
  if (reason !== undefined) return `dial tcp ${address?.includes(":") ? `[${address}]` : address}:${port}: ${reason}`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return `dial tcp: lookup ${hostname}: no such host`;
  if (code === "ECONNRESET") return "read: connection reset by peer";
  if (code.startsWith("CERT_") || code.includes("SELF_SIGNED") || code.startsWith("UNABLE_TO_")) {
    return `tls: failed to verify certificate: x509: ${messageOf(first)}`;
  }
  return messageOf(first);
}
