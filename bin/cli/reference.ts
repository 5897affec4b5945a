/** Names of images, as Docker shows them. */

export interface NamedReference {
  readonly repository: string;
  /** A tag, or a digest `sha256:…`; undefined when the name has neither. */
  readonly tag: string | undefined;
}

/** `host:5000/a/b:tag` → repository and tag. A colon before a slash belongs to the host. */
export function splitReference(name: string): NamedReference {
  const at = name.indexOf("@");
  if (at >= 0) return { repository: name.slice(0, at), tag: name.slice(at + 1) };
  const colon = name.lastIndexOf(":");
  if (colon <= name.lastIndexOf("/")) return { repository: name, tag: undefined };
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}

/** `docker.io/library/busybox` → `busybox:latest`: short, with a tag. */
export function familiarName(name: string): string {
  const { repository, tag = "latest" } = splitReference(name);
  const short = repository.replace(/^(index\.)?docker\.io\//, "").replace(/^library\/(?!.*\/)/, "");
  return joined(short, tag);
}

/** `busybox` → `docker.io/library/busybox:latest`: the whole of it. */
export function canonicalName(name: string): string {
  const { repository, tag = "latest" } = splitReference(name);
  const [first = "", ...rest] = repository.replace(/^index\.docker\.io\//, "docker.io/").split("/");
  const hasHost = rest.length > 0 && (first.includes(".") || first.includes(":") || first === "localhost");
  const whole = hasHost ? [first, ...rest].join("/") : `docker.io/${rest.length === 0 ? "library/" : ""}${repository}`;
  return joined(whole.replace(/^docker\.io\/([^/]+)$/, "docker.io/library/$1"), tag);
}

const joined = (repository: string, tag: string): string => `${repository}${tag.includes(":") ? "@" : ":"}${tag}`;
