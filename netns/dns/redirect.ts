/**
 * Port 53 of 127.0.0.11 leads to the ports that the server has, so that a container can have a server of its own on port
 * 53 of all addresses. The numbers are rewritten packet by packet, each way: no connection is tracked, and the container's
 * namespace pays for no tracking.
 */
import { hasCode } from "../../lib/errors.ts";
import { openLibnftables } from "../firewall/nftables/libnftables.ts";
import { openNftCommand } from "../firewall/nftables/nft-command.ts";
import { NftError, type NftTransport } from "../firewall/nftables/transport.ts";

/** Where containers ask, as in Docker. */
export const SERVER_ADDRESS = "127.0.0.11";
export const SERVER_PORT = 53;

const TABLE = "ip ctr-names";

/**
 * Makes the rules in the namespace that the thread is in, or replaces those of another port.
 * @throws `NftError` when the kernel refuses them
 */
export function redirectToPort(port: number): void {
  using nft = openTransport();
  try {
    nft.run(creationScript(port));
  } catch (error) {
    if (!(error instanceof NftError)) throw error;
    // A former data plane's are there.
    nft.run(replacementScript(port));
  }
}

/**
 * It deletes nothing, on purpose: a netlink socket whose namespace has deleted rules of late is closed by the kernel only
 * after an RCU grace period, some 10 ms in which no other sandbox is answered. Exported for tests.
 */
export const creationScript = (port: number): string => `create table ${TABLE}\n${tableOf(port)}`;

/** Exported for tests. */
export const replacementScript = (port: number): string => `table ${TABLE} {}\ndelete table ${TABLE}\n${tableOf(port)}`;

function tableOf(port: number): string {
  const rewrite = (protocol: string): string[] => [
    `ip daddr ${SERVER_ADDRESS} ${protocol} dport ${SERVER_PORT} ${protocol} dport set ${port} notrack`,
    `ip saddr ${SERVER_ADDRESS} ${protocol} sport ${port} ${protocol} sport set ${SERVER_PORT} notrack`,
  ];
  return [
    `table ${TABLE} {`,
    "  chain output {",
    "    type filter hook output priority raw; policy accept;",
    ...[...rewrite("udp"), ...rewrite("tcp")].map((rule) => `    ${rule}`),
    "  }",
    "}",
    "",
  ].join("\n");
}

/** In process where the host has the library; else the nft program, born in the present namespace. */
function openTransport(): NftTransport {
  try {
    return openLibnftables();
  } catch (error) {
    if (hasCode(error, "CTR_NFTABLES_MISSING")) throw error;
    return openNftCommand();
  }
}
