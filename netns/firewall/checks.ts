/** Nothing gets into a rule that has not passed here: what is written is text, and must not end it or mean more. */
import { isIPv4, isIPv6 } from "node:net";
import { invalid } from "../../lib/errors.ts";

export type Family = 4 | 6;

/** Characters that neither nft nor iptables-restore gives a meaning to. */
const UNSAFE_IN_COMMENT = /[^\w.:/@ -]/g;

/** The kernel's limit, NFTNL_UDATA_COMMENT_MAXLEN, and below the one of iptables' comment match. */
const COMMENT_LENGTH = 128;

/** What is not a letter, digit or one of `.:/@ -` becomes an underscore, and what is too long is cut. */
export const safeComment = (text: string): string => text.replace(UNSAFE_IN_COMMENT, "_").slice(0, COMMENT_LENGTH - 1);

export function checkedLink(name: string): string {
  // A name that begins with a dash is an option, one that ends in a star or a plus a pattern; a quote ends the string.
  if (!/^(?!-)[^\s/:"'*+!\\{}]{1,15}$/.test(name)) throw bad(`bad interface name: "${name}"`);
  return name;
}

export function familyOf(address: string): Family {
  if (isIPv4(address)) return 4;
  // A zone (`fe80::1%eth0`) has no place in a rule.
  if (isIPv6(address) && !address.includes("%")) return 6;
  throw bad(`not an IP address: "${address}"`);
}

export function checkedAddress(address: string, family: Family): string {
  if (familyOf(address) !== family) throw bad(`not an IPv${family} address: "${address}"`);
  return address;
}

export function checkedPort(port: number): number {
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw bad(`bad port: ${port}`);
  return port;
}

export function checkedSubnet(subnet: string, family: Family): string {
  const [address = "", length = "", ...rest] = subnet.split("/");
  const isAddress = family === 4 ? isIPv4(address) : isIPv6(address) && !address.includes("%");
  const isLength = /^\d{1,3}$/.test(length) && Number(length) <= (family === 4 ? 32 : 128);
  if (!isAddress || !isLength || rest.length > 0) throw bad(`not an IPv${family} subnet: "${subnet}"`);
  return subnet;
}

export const bad = (text: string) => invalid(`firewall: ${text}`, "CTR_FIREWALL_INVALID");
