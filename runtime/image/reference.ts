/**
 * Image references as people write them (`busybox`, `ghcr.io/x/y:1.2`, `host:5000/z@sha256:…`) and Docker's rules to
 * complete them. Grammar and texts: github.com/distribution/reference, package documentation.
 */
import { invalid } from "../../lib/errors.ts";
import { checkDigest } from "./digest.ts";

export interface Reference {
  /** Registry: `docker.io`, `localhost:5000`. */
  readonly domain: string;
  /** Repository within the registry: `library/busybox`. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: string;
}

export const DEFAULT_DOMAIN = "docker.io";
const OFFICIAL = "library/";
const DEFAULT_TAG = "latest";
const NAME_MAXIMUM = 255;

const DOMAIN_COMPONENT = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const DOMAIN = `(?:${DOMAIN_COMPONENT}(?:\\.${DOMAIN_COMPONENT})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const PATH_COMPONENT = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const TAG = "\\w[\\w.-]{0,127}";
const DIGEST = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";
const REFERENCE = new RegExp(`^(${DOMAIN})/(${PATH_COMPONENT}(?:/${PATH_COMPONENT})*)(?::(${TAG}))?(?:@(${DIGEST}))?$`);
const IDENTIFIER = /^[a-f0-9]{64}$/;

/**
 * Reads a reference and completes domain and path; a missing tag stays missing.
 * @throws `invalid` with Docker's text
 */
export function parseReference(text: string): Reference {
  if (IDENTIFIER.test(text)) {
    throw badReference(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  const { domain, rest } = splitDomain(text);
  const colon = rest.indexOf(":");
  const path = colon === -1 ? rest : rest.slice(0, colon);
  if (path.toLowerCase() !== path) {
    throw badReference(`invalid reference format: repository name (${path}) must be lowercase`);
  }
  const match = REFERENCE.exec(`${domain}/${rest}`);
  if (match === null) throw badReference("invalid reference format");
  const [, matchedDomain = "", matchedPath = "", tag, digest] = match;
  if (matchedPath.length > NAME_MAXIMUM) {
    throw badReference(`invalid reference format: repository name must not be more than ${NAME_MAXIMUM} characters`);
  }
  return {
    domain: matchedDomain,
    path: matchedPath,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest: checkDigest(digest) }),
  };
}

/** The reference with the tag `latest` when it has neither tag nor digest. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: DEFAULT_TAG } : reference;
}

/** `docker.io/library/busybox`: one name for one repository. */
export const repositoryOf = ({ domain, path }: Reference): string => `${domain}/${path}`;

/** The repository as people write it: `busybox`. */
export function familiarName({ domain, path }: Reference): string {
  if (domain !== DEFAULT_DOMAIN) return `${domain}/${path}`;
  const official = path.startsWith(OFFICIAL) && !path.slice(OFFICIAL.length).includes("/");
  return official ? path.slice(OFFICIAL.length) : path;
}

/** The whole reference as people write it: `busybox:latest`. */
export function familiarString(reference: Reference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  const digest = reference.digest === undefined ? "" : `@${reference.digest}`;
  return `${familiarName(reference)}${tag}${digest}`;
}

/** The reference of a repository as {@link repositoryOf} wrote it. */
export function referenceOfRepository(repository: string, extra: Pick<Reference, "tag" | "digest"> = {}): Reference {
  const slash = repository.indexOf("/");
  return { domain: repository.slice(0, slash), path: repository.slice(slash + 1), ...extra };
}

/** The part before the first slash is a registry only when it looks like a host: a dot, a port, `localhost`. */
function splitDomain(text: string): { readonly domain: string; readonly rest: string } {
  const slash = text.indexOf("/");
  const first = text.slice(0, Math.max(slash, 0));
  const isHost = /[.:]/.test(first) || first === "localhost" || first.toLowerCase() !== first;
  const domain = slash === -1 || !isHost ? DEFAULT_DOMAIN : first;
  const rest = slash === -1 || !isHost ? text : text.slice(slash + 1);
  if (domain !== DEFAULT_DOMAIN && domain !== "index.docker.io") return { domain, rest };
  return { domain: DEFAULT_DOMAIN, rest: rest.includes("/") ? rest : OFFICIAL + rest };
}

const badReference = (text: string): Error => invalid(text, "CTR_REFERENCE_INVALID");
