/** What went over a link. See rtnetlink(7) and linux/if_link.h, struct rtnl_link_stats64. */
import { concat, parseAttributes, text } from "../netlink/codec.ts";
import { LinkAttribute, MessageType } from "../netlink/constants.ts";
import { ifinfomsg } from "../netlink/link.ts";
import { NetlinkError, type NetlinkSocket } from "../netlink/transport.ts";

/** Since the link was made, as the link itself sees it. */
export interface LinkCounters {
  readonly receivedBytes: number;
  readonly receivedPackets: number;
  readonly receivedDropped: number;
  readonly sentBytes: number;
  readonly sentPackets: number;
  readonly sentDropped: number;
}

/** IFLA_STATS64 */
const STATISTICS = 23;
const IFINFOMSG_LENGTH = 16;
/** Places of 64 bit numbers in struct rtnl_link_stats64. */
const Place = { rxPackets: 0, txPackets: 1, rxBytes: 2, txBytes: 3, rxDropped: 6, txDropped: 7 } as const;

/**
 * One request of about 10 µs.
 * @param netlink socket of the namespace that the link is in
 * @returns undefined when there is no such link
 */
export function readCounters(netlink: NetlinkSocket, link: string): LinkCounters | undefined {
  const [answer] = askForLink(netlink, link);
  const statistics = answer && parseAttributes(answer, IFINFOMSG_LENGTH).get(STATISTICS);
  if (statistics === undefined) return undefined;
  const at = (place: number): number => Number(statistics.readBigUInt64LE(8 * place));
  return {
    receivedBytes: at(Place.rxBytes),
    receivedPackets: at(Place.rxPackets),
    receivedDropped: at(Place.rxDropped),
    sentBytes: at(Place.txBytes),
    sentPackets: at(Place.txPackets),
    sentDropped: at(Place.txDropped),
  };
}

/** What the other end of a cable sees: a container receives what the host's end sends. */
export const atOtherEnd = (counters: LinkCounters): LinkCounters => ({
  receivedBytes: counters.sentBytes,
  receivedPackets: counters.sentPackets,
  receivedDropped: counters.sentDropped,
  sentBytes: counters.receivedBytes,
  sentPackets: counters.receivedPackets,
  sentDropped: counters.receivedDropped,
});

function askForLink(netlink: NetlinkSocket, link: string): Buffer[] {
  try {
    const payload = concat([ifinfomsg(), text(LinkAttribute.name, link)]);
    return netlink.request(`read counters of ${link}`, MessageType.getLink, 0, payload);
  } catch (error) {
    if (error instanceof NetlinkError && error.code === "ENODEV") return [];
    throw error;
  }
}
