/** Filters and forwarding: 1xx. */
import { chain, type Damage } from "./state.ts";

export const FIREWALL: readonly Damage[] = [
  ["CTRN101", "forwarding off", (host) => host.sysctl("net.ipv4.ip_forward", "0")],
  [
    "CTRN102",
    "forwarding off for one bridge",
    (host) => host.sysctl(`net.ipv4.conf.${host.network("front").bridge}.forwarding`, "0"),
  ],
  ["CTRN103", "our rule for answers gone", (host) => host.withoutRules(/"forward".*"established"/)],
  ["CTRN103", "a bridge missing in our set", (host) => host.elements("bridges", () => [])],
  [
    "CTRN104",
    "another table that drops all",
    (host) => host.nft({ table: { family: "inet", name: "x" } }, chain("x", "y", "forward", "drop")),
  ],
  ["CTRN109", "the pair of a network gone", (host) => host.elements("pairs", () => [])],
  [
    "CTRN110",
    "the bridge's firewall off where it keeps apart",
    (host) => {
      host.network("front").options["com.docker.network.bridge.enable_icc"] = "false";
      host.elements("pairs", (all) =>
        all.filter((one) => !JSON.stringify(one).includes(String(host.network("front").bridge))),
      );
      host.sysctl("net.bridge.bridge-nf-call-iptables", "0");
    },
  ],
  [
    "CTRN115",
    "all our rules gone",
    (host) => {
      host.host.nftables = [];
    },
  ],
  [
    "CTRN118",
    "an input firewall that a published port passes by",
    (host) => host.nft({ table: { family: "inet", name: "x" } }, chain("x", "input", "input", "drop")),
  ],
];
