/**
 * Finds the namespace of a cable's other end. A namespace knows others by numbers of its own (RTM_GETNSID), which only
 * someone with a descriptor of both can ask for: each container is asked for the host's. What that proves of both ends need
 * not be asked again; between containers it is found by what the other end says.
 */
import { concat, parseAttributes, u32 } from "../../netlink/codec.ts";
import { MessageType } from "../../netlink/constants.ts";
import { NetlinkError, type NetlinkSocket } from "../../netlink/transport.ts";
import { HOST, type LinkState } from "../types/index.ts";
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
 * @param known key of the namespace that a namespace means by a number; asked where the other end proves nothing
 */
export function connectLinks(
  namespaces: readonly ReadNamespace[],
  known: (key: string, id: number) => string | undefined,
): Map<string, LinkState[]> {
  const back = new WaysBack(namespaces, known);
  const namespaceOf = (key: string, link: ReadLink): string | undefined => {
    if (link.other?.namespaceId === undefined) return key;
    return back.proven(key, link) ?? known(key, link.other.namespaceId) ?? back.only(key, link);
  };
  return new Map(
    namespaces.map(({ key, links }) => [
      key,
      links.map((link) => {
        const { other, ...state } = link;
        const end = other === undefined ? undefined : { namespace: namespaceOf(key, link), index: other.index };
        const isCable = link.kind === CABLE;
        return { ...state, peer: isCable ? end : undefined, ...(isCable || end === undefined ? {} : { lower: end }) };
      }),
    ]),
  );
}

const CABLE = "veth";

/** Cables that lead out of a namespace, by both ends' indices: those of a cable name each other. */
class WaysBack {
  readonly #byEnds = new Map<string, { readonly key: string; readonly namespaceId: number }[]>();
  readonly #known: (key: string, id: number) => string | undefined;

  constructor(namespaces: readonly ReadNamespace[], known: (key: string, id: number) => string | undefined) {
    this.#known = known;
    for (const { key, links } of namespaces) {
      for (const { index, other, kind } of links) {
        if (other?.namespaceId === undefined || kind !== CABLE) continue;
        const ends = this.#byEnds.getOrInsertComputed(`${index} ${other.index}`, () => []);
        ends.push({ key, namespaceId: other.namespaceId });
      }
    }
  }

  /** The container whose cable of that index is known to lead to the host, for the host's own end. */
  proven(key: string, link: ReadLink): string | undefined {
    if (key !== HOST) return undefined;
    return this.#candidates(key, link).find((one) => this.#known(one.key, one.namespaceId) === key)?.key;
  }

  /** Whoever has a cable of that index which leads back, when there is only one. */
  only(key: string, link: ReadLink): string | undefined {
    const [one, other] = this.#candidates(key, link);
    return other === undefined ? one?.key : undefined;
  }

  #candidates(key: string, { index, other, kind }: ReadLink) {
    const ends = kind === CABLE ? this.#byEnds.get(`${other?.index} ${index}`) : undefined;
    return ends?.filter((end) => end.key !== key) ?? [];
  }
}
