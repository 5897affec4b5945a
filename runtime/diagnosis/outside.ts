/** What `outside` stands for: somebody beyond the uplinks who answers for sure, a name server of the host's. */
import { BlockList, isIP } from "node:net";
import { invalid } from "../../lib/errors.ts";
import { OUTSIDE, type Place, type SnapshotView } from "../../netns/index.ts";
import { isLoopback } from "./addresses.ts";
import type { DestinationEnd } from "./ends.ts";

export interface OutsideTarget {
  readonly addresses: readonly string[];
  readonly port: number;
  readonly to: Place;
  readonly notes: readonly string[];
}

const DNS_PORT = 53;
const MEASURE = "give one that answers: --outside ADDRESS:PORT";

/**
 * @param chosen `address` or `address:port` that the user gave
 * @throws `invalid` when there is nobody to take, or the choice cannot be read
 */
export function outsideTarget(view: SnapshotView, end: DestinationEnd, chosen: string | undefined): OutsideTarget {
  const given = chosen === undefined ? undefined : parseChosen(chosen);
  const address = given?.address ?? publicNameServer(view);
  if (address === undefined) {
    throw invalid("nobody is known who could stand for the outside: the host asks no name server there", {
      code: "CTR_DIAGNOSIS_NO_OUTSIDE",
      hint: MEASURE,
    });
  }
  const port = end.protocol === "icmp" ? 0 : (end.port ?? given?.port ?? DNS_PORT);
  const origin = given === undefined ? ", a name server of the host" : "";
  const at = port === 0 ? "" : `, port ${port}/${end.protocol}`;
  return { addresses: [address], port, to: OUTSIDE, notes: [`outside stands for ${address}${at}${origin}`] };
}

/** The first that is in the public part of the Internet, else the first that is another machine. */
export function publicNameServer(view: SnapshotView): string | undefined {
  const servers = (view.host.resolvConf ?? "")
    .split("\n")
    .flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? [])
    .filter((address) => isIP(address) !== 0 && !isLoopback(address))
    .filter((address) => view.holdersOf(address).length === 0 && view.networkOfAddress(address) === undefined);
  return servers.find((address) => !isPrivate(address)) ?? servers[0];
}

/** RFC 1918, RFC 6598, RFC 4193, and link-local ones. */
const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["100.64.0.0", 10],
  ["169.254.0.0", 16],
] as const) {
  PRIVATE.addSubnet(network, prefix, "ipv4");
}
PRIVATE.addSubnet("fc00::", 7, "ipv6");
PRIVATE.addSubnet("fe80::", 10, "ipv6");

const isPrivate = (address: string): boolean => PRIVATE.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");

function parseChosen(text: string): { readonly address: string; readonly port: number | undefined } {
  const [, bracketed, plain = "", word] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = isIP(text) === 6 ? text : (bracketed ?? plain);
  const port = word === undefined ? undefined : Number(word);
  if (isIP(address) === 0 || (port !== undefined && (port < 1 || port > 65_535))) {
    throw invalid(`invalid --outside "${text}"`, { code: "CTR_DIAGNOSIS_END_INVALID", hint: "write 192.0.2.2:80" });
  }
  return { address, port };
}
