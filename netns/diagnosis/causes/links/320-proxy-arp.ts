import { bridgeNetworks } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, type FlowContext, HOST } from "../../types/index.ts";
import { text } from "../facts.ts";
import { byHand, repaired } from "../fixes.ts";
import { found } from "../found.ts";

export const proxyArp: Cause = {
  code: "CTRN320",
  severity: "error",
  heading: "The host answers for a container's address",

  explain: (context) =>
    obstaclesOfKind(context, "neighbour-wrong").flatMap((obstacle) => {
      const [address, mac] = [text(obstacle, "address"), text(obstacle, "mac")];
      const bridge = answeringBridge(context, mac);
      if (bridge === undefined || address === "") return [];
      const { view } = context;
      const route = view.host.routes.find(({ destination }) => destination === `${address}/32`);
      const key = `net.ipv4.conf.${bridge}.proxy_arp`;
      const isOfAll = view.host.sysctls[ALL] === "1";
      return found(proxyArp, obstacle, {
        object: `sysctl ${isOfAll ? ALL : key}`,
        title: `The host answers for ${address} in the place of its container, and takes what is for it (proxy_arp on ${bridge}).`,
        explanation:
          "With proxy_arp a host says that an address is its own when its route for it leads elsewhere" +
          `${route === undefined ? "" : `: here to ${route.device ?? "nowhere"}`}. Others of the network then send to the host what is for the container.`,
        evidence: [
          { source: `sysctl ${isOfAll ? ALL : key}`, value: "1", expected: "0" },
          { source: `ip neighbour show ${address}`, value: `${mac}, which is ${bridge}` },
          ...(route === undefined ? [] : [{ source: "ip route", value: `${route.destination} dev ${route.device}` }]),
        ],
        fix: isOfAll
          ? byHand("It is switched on for all links of the host: switch it off where it is not needed.", [
              ...["sysctl", "-w", `${ALL}=0`],
            ])
          : repaired("ctr switches it off for its bridge, and lets the containers forget the answer."),
      });
    }),
};

const ALL = "net.ipv4.conf.all.proxy_arp";

/** A bridge of ours with that hardware address that answers for others. */
const answeringBridge = ({ view, snapshot }: FlowContext, mac: string): string | undefined =>
  bridgeNetworks(snapshot)
    .map(({ bridge }) => view.namespace(HOST)?.links.find(({ name }) => name === bridge))
    .filter((link) => link !== undefined && link.mac === mac)
    .map((link) => link?.name ?? "")
    .find((name) => view.host.sysctls[ALL] === "1" || view.host.sysctls[`net.ipv4.conf.${name}.proxy_arp`] === "1");
