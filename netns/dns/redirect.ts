/**
 * Port 53 of 127.0.0.11 leads to the ports that the server has, so that a container can have a server of its own on port
 * 53 of all addresses. The numbers are rewritten packet by packet, each way: no connection is tracked, and the container's
 * namespace pays for no tracking.
 */
import { hasCode } from "../../lib/errors.ts";
import { openLibnftables } from "../firewall/nftables/libnftables.ts";
import { openNftCommand } from "../firewall/nftables/nft-command.ts";
import type { NftTransport } from "../firewall/nftables/transport.ts";

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
  nft.run(redirectScript(port));
}

/** Exported for tests. */
export function redirectScript(port: number): string {
  const rewrite = (protocol: string): string[] => [
    `ip daddr ${SERVER_ADDRESS} ${protocol} dport ${SERVER_PORT} ${protocol} dport set ${port} notrack`,
    `ip saddr ${SERVER_ADDRESS} ${protocol} sport ${port} ${protocol} sport set ${SERVER_PORT} notrack`,
  ];
  return [
    `table ${TABLE} {}`,
    `delete table ${TABLE}`,
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
