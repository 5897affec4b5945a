/**
 * Finds the namespace of a cable's other end. A namespace knows others by numbers of its own (RTM_GETNSID), which only
 * someone with a descriptor of both can ask for; between containers it is found by what the other end says.
 */
import { concat, parseAttributes, u32 } from "../../netlink/codec.ts";
import { MessageType } from "../../netlink/constants.ts";
import { NetlinkError, type NetlinkSocket } from "../../netlink/transport.ts";
import type { LinkState } from "../types/index.ts";
import type { ReadLink } from "./links.ts";

/** NETNSA_* */
const ID = 1;
const DESCRIPTOR = 3;
/** struct rtgenmsg, padded. */
const HEADER_LENGTH = 4;

export interface ReadNamespace {
  readonly key: string;
  readonly links: readonly ReadLink[];
}

/**
 * @param netlink socket of the namespace that is asked
 * @param descriptor open, of another namespace
 * @returns the number that it is known by; undefined when nothing of ours leads there
 */
export function namespaceId(netlink: NetlinkSocket, descriptor: number): number | undefined {
  const payload = concat([Buffer.alloc(HEADER_LENGTH), u32(DESCRIPTOR, descriptor)]);
  try {
    const [answer] = netlink.request("look up a namespace", MessageType.getNamespaceId, 0, payload);
    const id = answer === undefined ? undefined : parseAttributes(answer, HEADER_LENGTH).get(ID)?.readInt32LE();
    return id === undefined || id < 0 ? undefined : id;
  } catch (error) {
    if (error instanceof NetlinkError) return undefined;
    throw error;
  }
}

/**
 * @param known key of the namespace that a namespace means by a number
 */
export function connectLinks(
  namespaces: readonly ReadNamespace[],
  known: (key: string, id: number) => string | undefined,
): Map<string, LinkState[]> {
  const byEnds = new Map<string, string[]>();
  for (const { key, links } of namespaces) {
    for (const { index, other } of links) {
      if (other?.namespaceId === undefined) continue;
      const ends = `${index} ${other.index}`;
      byEnds.set(ends, [...(byEnds.get(ends) ?? []), key]);
    }
  }
  /** Whoever has a link of that index which leads back, when there is only one. */
  const guess = (key: string, index: number, other: number): string | undefined => {
    const candidates = (byEnds.get(`${other} ${index}`) ?? []).filter((candidate) => candidate !== key);
    return candidates.length === 1 ? candidates[0] : undefined;
  };
  const namespaceOf = (key: string, { index, other }: ReadLink): string | undefined => {
    if (other?.namespaceId === undefined) return key;
    return known(key, other.namespaceId) ?? guess(key, index, other.index);
  };
  return new Map(
    namespaces.map(({ key, links }) => [
      key,
      links.map((link) => {
        const { other, ...state } = link;
        const end = other === undefined ? undefined : { namespace: namespaceOf(key, link), index: other.index };
        const isCable = link.kind === "veth";
        return { ...state, peer: isCable ? end : undefined, ...(isCable || end === undefined ? {} : { lower: end }) };
      }),
    ]),
  );
}
