/** The `X-Registry-Auth` header: base64url of JSON with the user's credentials for one registry. */
import { invalid } from "../../../lib/errors.ts";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/**
 * @returns undefined when there are none (clients also send an empty object)
 * @throws `invalid` for what cannot be decoded
 */
export function parseRegistryAuth(header: string | readonly string[] | undefined): Credentials | undefined {
  if (typeof header !== "string" || header === "") return undefined;
  const { username, password } = decode(header);
  if (typeof username !== "string" || typeof password !== "string" || username === "") return undefined;
  return { username, password };
}

function decode(header: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(header, "base64url").toString());
    if (typeof value === "object" && value !== null) return value as Readonly<Record<string, unknown>>;
    if (value === null) return {};
  } catch {}
  throw invalid("invalid X-Registry-Auth header: it is no base64 of a JSON object", "CTR_REGISTRY_AUTH_INVALID");
}
