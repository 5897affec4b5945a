/**
 * `--link` on the default bridge: the container is told another one's address under an alias, in its hosts file and its
 * environment. On user-defined networks links are aliases of the name server, which the network layer keeps.
 */
import { CtrError, conflict, invalid, notFound, systemFailure } from "../../lib/errors.ts";
import type { Container, ContainerLink } from "../types.ts";
import { HOST_MODE_LINKS, isUserDefined, sharedWith } from "./network-mode.ts";
import type { ContainerRecords } from "./records.ts";
import { isUp } from "./up.ts";

export interface LinkText {
  readonly target: string;
  readonly alias: string;
}

/**
 * Reads `container`, `container:alias`, or what `inspect` shows: `/container:/own/alias`.
 * @throws `invalid` with Docker's texts
 */
export function parseLink(text: string): LinkText {
  if (text === "") throw invalid("empty string specified for links", "CTR_LINK_INVALID");
  const [target = "", alias, ...rest] = text.split(":");
  if (rest.length > 0) throw invalid(`bad format for links: ${text}`, "CTR_LINK_INVALID");
  if (alias === undefined) return { target, alias: target.replace(/^\//, "") };
  if (target.startsWith("/")) return { target: target.slice(1), alias: alias.slice(alias.lastIndexOf("/") + 1) };
  return { target, alias };
}

/**
 * The links of a container that is to be created. None on networks other than the default bridge.
 * @throws `invalid` with Docker's texts for a target that is not there or uses the host's network
 */
export function linksOf(records: ContainerRecords, { hostConfig }: Pick<Container, "hostConfig">): ContainerLink[] {
  if (isUserDefined(hostConfig.NetworkMode ?? "bridge")) return [];
  const links = new Map<string, ContainerLink>();
  for (const text of hostConfig.Links ?? []) {
    const { target, alias } = parseLink(text);
    // An alias stands for one container: as in Docker, the first that has it.
    if (!links.has(alias)) links.set(alias, { targetId: targetOf(records, target).id, alias });
  }
  return [...links.values()];
}

/** A target that shares another's network stands for that other one. */
function targetOf(records: ContainerRecords, reference: string): Container {
  let name: string | undefined = reference;
  for (;;) {
    const { container } = findTarget(records, name);
    if (container.hostConfig.NetworkMode === "host") throw invalid(HOST_MODE_LINKS, "CTR_NETWORK_MODE_CONFLICT");
    name = sharedWith(container.hostConfig);
    if (name === undefined) return container;
  }
}

function findTarget(records: ContainerRecords, reference: string) {
  try {
    return records.find(reference);
  } catch (error) {
    if (!(error instanceof CtrError)) throw error;
    throw invalid(`could not get container for ${reference}: ${error.message}`, {
      code: "CTR_LINK_TARGET_UNKNOWN",
      cause: error,
    });
  }
}

/** `HostConfig.Links` as `inspect` shows it, with the names of today: `/db:/web/alias`. */
export function linkTexts({ name, links = [] }: Container, nameOf: (id: string) => string | undefined): string[] {
  return links.flatMap(({ targetId, alias }) => {
    const target = nameOf(targetId);
    return target === undefined ? [] : [`/${target}:/${name}/${alias}`];
  });
}

/** The names by which linked containers know others, as the list of containers shows them: id → `/web/db`. */
export function linkNames(containers: readonly Container[]): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  for (const { name, links = [] } of containers) {
    for (const { targetId, alias } of links) names.set(targetId, [...(names.get(targetId) ?? []), `/${name}/${alias}`]);
  }
  return names;
}

/** What a linking container is told of its target. */
export interface LinkedContainer {
  readonly alias: string;
  readonly target: Container;
  readonly address: string;
  readonly address6: string;
}

/**
 * The targets of a container that starts.
 * @throws `system` with Docker's texts for one that does not run or is not on the default bridge
 */
export function linkedContainers(
  records: ContainerRecords,
  { name, links = [] }: Container,
  addressesOf: (id: string) => { readonly address: string; readonly address6: string } | undefined,
): LinkedContainer[] {
  return links.flatMap(({ targetId, alias }) => {
    // A target that was removed took its link along.
    const target = records.get(targetId)?.container;
    if (target === undefined) return [];
    if (!isUp(target)) {
      throw systemFailure(
        `Cannot link to a non running container: /${target.name} AS /${name}/${alias}`,
        "CTR_LINK_TARGET_STOPPED",
      );
    }
    const addresses = addressesOf(targetId);
    if (addresses === undefined) {
      throw systemFailure(
        `Cannot link to /${target.name}, as it does not belong to the default network`,
        "CTR_LINK_TARGET_ELSEWHERE",
      );
    }
    return { alias, target, ...addresses };
  });
}

/**
 * `rm --link web/alias`: the container without that link.
 * @param reference `web/alias`, with or without a leading slash
 * @throws `conflict` for a name without alias, `notFound` for an unknown container or alias
 */
export function withoutLink(
  records: ContainerRecords,
  reference: string,
): { readonly container: Container; readonly removed: ContainerLink; readonly links: readonly ContainerLink[] } {
  const path = reference.replace(/^\//, "");
  const slash = path.lastIndexOf("/");
  if (slash < 0) {
    throw conflict("Conflict, cannot remove the default link name of the container", "CTR_LINK_DEFAULT_NAME");
  }
  const [parent, alias] = [path.slice(0, slash), path.slice(slash + 1)];
  const { container } = parentOf(records, parent, path);
  const { links = [] } = container;
  const removed = links.find((link) => link.alias === alias);
  if (removed === undefined) throw notFound(`No such container: ${reference}`, "CTR_LINK_NOT_FOUND");
  return { container, removed, links: links.filter((link) => link !== removed) };
}

function parentOf(records: ContainerRecords, parent: string, path: string) {
  try {
    return records.find(parent);
  } catch (error) {
    throw notFound(`Cannot get parent /${parent} for link name /${path}`, {
      code: "CTR_CONTAINER_NOT_FOUND",
      cause: error,
    });
  }
}
