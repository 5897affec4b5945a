/** Elements of networks and published ports in the firewall: that each is there, and leads where it has to. */
import type { Family } from "../firewall/checks.ts";
import { entriesOfNetwork, entriesOfPort } from "../firewall/entries.ts";
import { elementOf } from "../firewall/nftables/elements.ts";
import { firewallNetworkOf } from "../networks/firewall-network.ts";
import { firewallPortsOf } from "../sandbox/ports.ts";
import type { SandboxState, SandboxTools } from "../sandbox/types.ts";
import type { Fault } from "./types.ts";

/**
 * Elements with another key or target than the store's: {@link Firewall.check} counts them and does not look at what
 * they say. It lists the whole table, so it is for people who ask for a repair.
 */
export async function elementFaults(tools: SandboxTools, states: readonly SandboxState[]): Promise<Fault[]> {
  const { firewall } = tools;
  if (firewall.backend !== "nftables") return [];
  const { rows } = await firewall.listing();
  const present = new Map(
    rows.filter(({ kind }) => kind === "element").map(({ place, text }) => readElement(place, text)),
  );
  const mend = (): void => {
    firewall.heal();
  };
  return wantedElements(tools, states).flatMap(({ place, key, value }) => {
    const found = present.get(`${place} ${key}`);
    if (found === value) return [];
    const text = found === undefined ? `${key} is not in ${place}` : `${key} leads to ${found} in place of ${value}`;
    return [{ kind: "changed", object: "firewall", text, mend }];
  });
}

/** Set or map with the key, and the value; nft writes names of links in quotes. */
function readElement(place: string, text: string): [string, string] {
  const [key = "", value = ""] = text.split(" : ").map((part) => part.trim());
  return [`${place} ${key}`, value];
}

interface WantedElement {
  readonly place: string;
  readonly key: string;
  /** Empty in sets. */
  readonly value: string;
}

function wantedElements(tools: SandboxTools, states: readonly SandboxState[]): WantedElement[] {
  const { store, config } = tools;
  const { iptables = true, ip6tables = true } = config;
  const families: Family[] = [...(iptables ? ([4] as const) : []), ...(ip6tables ? ([6] as const) : [])];
  const networks = store
    .networks()
    .filter(({ driver }) => driver === "bridge")
    .map(firewallNetworkOf);
  const ports = states.flatMap((state) => firewallPortsOf(tools, { state, ports: store.portsOf(state.containerId) }));
  const entries = [
    ...networks.flatMap((network) => entriesOfNetwork(network, families)),
    ...ports.flatMap((port) =>
      entriesOfPort(
        port,
        networks.find(({ bridge }) => bridge === port.bridge),
        families,
      ),
    ),
  ];
  return entries.map(elementOf).map(({ collection: place, key, value = "" }) => ({ place, key, value }));
}
