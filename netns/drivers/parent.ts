/** The link below macvlan and ipvlan networks: one of the host's, a VLAN on one, or a dummy for a network without a way out. */
import { conflict, invalid, unsupported } from "../../lib/errors.ts";
import { deleteLinkInBackground } from "../netlink/delete-link.ts";
import { changeLink, deleteLink, findLink, type Link, listLinks } from "../netlink/link.ts";
import { createDummy, createVlan } from "../netlink/sublink.ts";
import { NetlinkError, type NetlinkSocket } from "../netlink/transport.ts";
import { ParentOption } from "../networks/options.ts";
import type { Network } from "../types.ts";

const ALIAS = /^ctr parent of ([0-9a-f]{64})$/;

/** Docker's name for the dummy of a network without a parent. */
const dummyNameOf = ({ id }: Network): string => `dm-${id.slice(0, 12)}`;

export const parentNameOf = (network: Network): string => network.options[ParentOption.parent] || dummyNameOf(network);

/** Makes the parent when it is a VLAN (`eth0.10`) or a dummy that is not there yet. @returns true when it did */
export function ensureParent(netlink: NetlinkSocket, network: Network): boolean {
  const name = parentNameOf(network);
  const present = findLink(netlink, name);
  if (present !== undefined) {
    if (!present.up) changeLink(netlink, present.index, { up: true });
    return false;
  }
  if (name === dummyNameOf(network)) explainMissing("dummy", () => createDummy(netlink, name));
  else makeVlan(netlink, name);
  const { index } = requireParent(netlink, network);
  changeLink(netlink, index, { alias: `ctr parent of ${network.id}`, up: true });
  return true;
}

/** What we made goes; the host's own links stay. */
export function removeParent(netlink: NetlinkSocket, network: Network): void {
  if (isOurs(netlink, network)) deleteLink(netlink, parentNameOf(network));
}

/** As {@link removeParent}, while the engine goes on. @throws {NetlinkError} */
export async function removeParentInBackground(netlink: NetlinkSocket, network: Network): Promise<void> {
  if (isOurs(netlink, network)) await deleteLinkInBackground(netlink, parentNameOf(network));
}

function isOurs(netlink: NetlinkSocket, network: Network): boolean {
  const [, owner] = ALIAS.exec(findLink(netlink, parentNameOf(network))?.alias ?? "") ?? [];
  return owner === network.id;
}

/** Parents that we made, with the ids of their networks. */
export function ourParents(netlink: NetlinkSocket): { readonly name: string; readonly networkId: string }[] {
  return listLinks(netlink).flatMap(({ name, alias }) => {
    const [, networkId] = ALIAS.exec(alias) ?? [];
    return networkId === undefined ? [] : { name, networkId };
  });
}

/** @throws `conflict` */
export function requireParent(netlink: NetlinkSocket, network: Network): Link {
  const name = parentNameOf(network);
  const link = findLink(netlink, name);
  if (link !== undefined) return link;
  throw conflict(`the parent ${name} of network ${network.name} is gone`, {
    code: "CTR_PARENT_GONE",
    hint: "bring the interface back, or make the network again with another parent",
  });
}

function makeVlan(netlink: NetlinkSocket, name: string): void {
  const [, below = "", tag = ""] = /^(.+)\.(\d{1,4})$/.exec(name) ?? [];
  const id = Number(tag);
  if (below === "") {
    throw invalid(`invalid subinterface vlan name ${name}, example formatting is eth0.10`, {
      code: "CTR_PARENT_INVALID",
      hint: `the host has no interface ${name}; see: ip link`,
    });
  }
  const parent = findLink(netlink, below);
  if (parent === undefined) {
    throw invalid(`failed to find master interface ${below} on the Docker host`, "CTR_PARENT_INVALID");
  }
  if (id < 1 || id > 4094) throw invalid(`vlan id must be between 1-4094, received: ${id}`, "CTR_PARENT_INVALID");
  explainMissing("8021q", () => createVlan(netlink, { name, parent: parent.index, id }));
}

/**
 * Runs `create`, and says which module the kernel lacks when it does not know that kind of link.
 * @throws `unsupported`; whatever else `create` throws
 */
export function explainMissing(module: string, create: () => void): void {
  try {
    create();
  } catch (error) {
    if (!(error instanceof NetlinkError) || error.code !== "ENOTSUP") throw error;
    throw unsupported(`the kernel cannot make such links: it has no module ${module}`, {
      code: "CTR_KERNEL_MODULE_MISSING",
      hint: `load it with: modprobe ${module}`,
      cause: error,
    });
  }
}
