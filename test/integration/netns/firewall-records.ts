/** Networks and published ports that tests of the firewall work with. */
import assert from "node:assert/strict";
import type { FirewallNetwork, FirewallPort } from "../../../netns/firewall/index.ts";
import { six, UPLINK } from "./firewall-hosts.ts";

export const networkOf = (number: number, options: Partial<FirewallNetwork> = {}): FirewallNetwork => ({
  bridge: `ctr${number}`,
  networkName: `net${number}`,
  subnet4: `172.2${number}.0.0/24`,
  subnet6: `fd00:2${number}::/64`,
  internal: false,
  icc: true,
  ...options,
});

export const portTo = (address: string, hostPort: number, options: Partial<FirewallPort> = {}): FirewallPort => ({
  protocol: "tcp",
  hostIp: "",
  hostPort,
  address,
  containerPort: 80,
  owner: "web",
  bridge: `ctr${address.split(".")[1]?.slice(1)}`,
  ...options,
});

export const portTo6 = (address: string, hostPort: number, options: Partial<FirewallPort> = {}): FirewallPort =>
  portTo(address, hostPort, { hostIp: "::", address: six(address), ...options });

export async function allSilent(answers: readonly Promise<string>[]): Promise<void> {
  assert.deepEqual(
    await Promise.all(answers),
    answers.map(() => "silence"),
  );
}

export const WEB = "172.20.0.2";
export const NEIGHBOUR = "172.20.0.3";
export const STRANGER = "172.21.0.2";
export const INMATE = "172.22.0.2";
export const ROUTED = "172.23.0.2";
export const NAKED = "172.24.0.2";
export const TRUSTING = "172.25.0.2";

export const NETWORKS = [
  networkOf(0),
  (({ subnet6: _, ...ipv4Only }) => ipv4Only)(networkOf(1, { masquerade4: false })),
  networkOf(2, { internal: true }),
  networkOf(3, { gatewayMode4: "routed", gatewayMode6: "routed" }),
  networkOf(4, { gatewayMode4: "nat-unprotected" }),
  networkOf(5, { snat4: UPLINK.second, trustedInterfaces: [UPLINK.link] }),
];

export const PORTS = [
  portTo(WEB, 8080),
  portTo(WEB, 8080, { protocol: "udp" }),
  portTo(WEB, 8081, { hostIp: "127.0.0.1" }),
  portTo(WEB, 8082, { hostIp: UPLINK.host }),
  portTo6(WEB, 8080, { bridge: "ctr0" }),
  portTo6(WEB, 8080, { protocol: "udp", bridge: "ctr0" }),
  portTo6(WEB, 8082, { hostIp: UPLINK.host6, bridge: "ctr0" }),
  portTo(ROUTED, 8083),
  portTo6(ROUTED, 8083, { bridge: "ctr3" }),
  portTo(TRUSTING, 8085),
];
