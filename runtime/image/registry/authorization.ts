/**
 * How a registry wants to know who asks: `WWW-Authenticate` with Basic (RFC 7617), or Bearer with a token from a service
 * that the challenge names (distribution, "Token Authentication Specification").
 */
import { RegistryError, registryError } from "./failures.ts";
import { bodyOf, type Transport } from "./transport.ts";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface Challenge {
  /** Lower case: `basic`, `bearer`. */
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Reads a `WWW-Authenticate` header. Values may be quoted, and quoted ones may hold commas. */
export function parseChallenge(header: string): Challenge {
  const [, scheme = "", rest = ""] = /^\s*([^\s,]+)\s*(.*)$/s.exec(header) ?? [];
  const parameters: Record<string, string> = {};
  for (const [, key = "", quoted, plain] of rest.matchAll(/([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g)) {
    parameters[key.toLowerCase()] = quoted?.replace(/\\(.)/g, "$1") ?? plain ?? "";
  }
  return { scheme: scheme.toLowerCase(), parameters };
}

const basic = ({ username, password }: Credentials): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;

export interface AuthorizationOptions {
  readonly credentials?: Credentials | undefined;
  /** `repository:library/busybox:pull` */
  readonly scope: string;
}

/**
 * The `Authorization` header that answers a challenge, or undefined when we have nothing to answer with.
 * @throws {RegistryError} when the token service refuses
 */
export async function authorize(
  challenge: Challenge,
  transport: Transport,
  { credentials, scope }: AuthorizationOptions,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  if (challenge.scheme === "basic") return credentials === undefined ? undefined : basic(credentials);
  const { realm, service } = challenge.parameters;
  if (challenge.scheme !== "bearer" || realm === undefined) return undefined;
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  url.searchParams.set("scope", scope);
  if (credentials !== undefined) url.searchParams.set("account", credentials.username);
  const headers = credentials === undefined ? {} : { authorization: basic(credentials) };
  const response = await transport.get({ url: url.href, headers, signal });
  const body = (await bodyOf(response)).toString();
  if (response.statusCode !== 200) throw registryError(response.statusCode ?? 0, body, url.href);
  return `Bearer ${tokenOf(body, url.href)}`;
}

function tokenOf(body: string, url: string): string {
  try {
    const { token, access_token: accessToken } = JSON.parse(body) as { token?: unknown; access_token?: unknown };
    const found = token ?? accessToken;
    if (typeof found === "string" && found !== "") return found;
  } catch {
    // The error below says it.
  }
  throw new RegistryError(502, "", `authorization server did not include a token in the response (${url})`);
}
