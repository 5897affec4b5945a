/**
 * With `icc: false` containers on the default bridge are apart. A link opens the exposed ports of its target to the
 * linking container, while that runs.
 */
import { parsePort } from "../../netns/index.ts";
import type { Container } from "../types.ts";
import type { LinkedContainer } from "./links.ts";
import type { Parts } from "./parts.ts";

type LinkParts = Pick<Parts, "network" | "networkConfig">;

/** Grants that links have made, by their ids: they come and go with containers and are nobody's to take back. */
const prefixOf = (containerId: string, alias = ""): string => `link:${containerId}:${alias}`;

export const isLinkGrant = ({ id }: { readonly id: string }): boolean => id.startsWith("link:");

export function openLinks(
  { network, networkConfig }: LinkParts,
  { id, name }: Pick<Container, "id" | "name">,
  linked: readonly LinkedContainer[],
): void {
  if (networkConfig.icc !== false) return;
  for (const { alias, target } of linked) {
    for (const key of Object.keys(target.config.ExposedPorts ?? {})) {
      const { protocol, containerPort: port } = parsePort(key);
      network.allow({
        id: `${prefixOf(id, alias)}:${port}/${protocol}`,
        from: { kind: "container", id, name },
        to: { kind: "container", id: target.id, name: target.name },
        protocol,
        port,
        both: false,
      });
    }
  }
}

/** Without complaint when there are none. @param alias of one link; of all when absent */
export function closeLinks({ network, networkConfig }: LinkParts, containerId: string, alias?: string): void {
  if (networkConfig.icc !== false) return;
  const prefix = prefixOf(containerId, alias === undefined ? undefined : `${alias}:`);
  for (const grant of network.grants()) if (grant.id.startsWith(prefix)) network.deny(grant);
}
