/** Routes and sizes: 4xx. */
import { chain, type Damage, route, rule } from "./state.ts";

export const ROUTING: readonly Damage[] = [
  [
    "CTRN409",
    "an uplink that takes less than the containers' networks",
    (host) => {
      const uplink = host.host.links.find(({ name }) => name === "cable");
      if (uplink !== undefined) uplink.mtu = 1400;
      for (const network of host.snapshot.intent.networks) {
        const bridge = host.host.links.find(({ name }) => name === network.bridge);
        if (bridge !== undefined && network.name !== "front") bridge.mtu = 1400;
      }
    },
  ],
  [
    "CTRN401",
    "the default route gone",
    (host) => {
      host.inside("web").routes = host.inside("web").routes.filter(({ destination }) => destination !== "0.0.0.0/0");
    },
  ],
  [
    "CTRN403",
    "a part of a network swallowed",
    (host) => void host.host.routes.push(route("10.10.1.2/32", { type: "blackhole" })),
  ],
  [
    "CTRN405",
    "a part of a network elsewhere",
    (host) => void host.host.routes.push(route("10.10.1.0/25", { device: "cable" })),
  ],
  [
    "CTRN410",
    "a small uplink, and no word about it",
    (host) => {
      Object.assign(host.host.links.find(({ name }) => name === "cable") ?? {}, { mtu: 1400 });
      const icmp = { match: { op: "==", left: { meta: { key: "l4proto" } }, right: "icmp" } };
      host.nft(
        { table: { family: "inet", name: "x" } },
        chain("x", "out", "output", "accept"),
        rule("x", "out", icmp, { drop: null }),
      );
    },
  ],
  [
    "CTRN411",
    "ends of a cable that differ",
    (host) => {
      host.cable("web").mtu = 1400;
    },
  ],
  [
    "CTRN415",
    "a container that does not look into its main table",
    (host) => {
      host.inside("web").rules = host.inside("web").rules.filter(({ table }) => table !== 254);
    },
  ],
];
