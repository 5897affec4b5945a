/** Published ports in the firewall: that each leads where it has to. */
import type { Family } from "../firewall/checks.ts";
import { entriesOfPort } from "../firewall/entries.ts";
import type { FirewallRow } from "../firewall/index.ts";
import { elementOf } from "../firewall/nftables/elements.ts";
import { firewallNetworkOf } from "../networks/firewall-network.ts";
import { firewallPortsOf } from "../sandbox/ports.ts";
import type { SandboxState, SandboxTools } from "../sandbox/types.ts";
import type { Fault } from "./types.ts";

const MAPS = /^hp[46](?:addr)?$/;
const FAMILIES: readonly Family[] = [4, 6];

/**
 * Elements with another target than the store's: {@link Firewall.check} counts them and does not look at their values.
 * It lists the whole table, so it is for people who ask for a repair.
 */
export async function publishedFaults(tools: SandboxTools, states: readonly SandboxState[]): Promise<Fault[]> {
  const { firewall } = tools;
  const wanted = wantedElements(tools, states);
  if (firewall.backend !== "nftables" || wanted.size === 0) return [];
  const { rows } = await firewall.listing();
  return rows.filter(isOfPort).flatMap(({ place, text }) => {
    const [key = "", value = ""] = text.split(" : ").map((part) => part.trim());
    const target = wanted.get(`${place} ${key}`);
    if (target === undefined || target === value) return [];
    const mend = (): void => {
      firewall.heal();
    };
    return [{ kind: "changed", object: "firewall", text: `${key} leads to ${value} in place of ${target}`, mend }];
  });
}

const isOfPort = ({ kind, place }: FirewallRow): boolean => kind === "element" && MAPS.test(place);

/** Map and key → value, as nft writes them. */
function wantedElements(tools: SandboxTools, states: readonly SandboxState[]): ReadonlyMap<string, string> {
  const { store } = tools;
  const networks = new Map(
    store
      .networks()
      .filter(({ driver }) => driver === "bridge")
      .map((network) => [network.bridge, firewallNetworkOf(network)]),
  );
  const elements = states
    .flatMap((state) => firewallPortsOf(tools, { state, ports: store.portsOf(state.containerId) }))
    .flatMap((port) => entriesOfPort(port, networks.get(port.bridge), FAMILIES))
    .filter(({ kind }) => kind === "hostPort")
    .map(elementOf);
  return new Map(
    elements.flatMap(({ collection, key, value }) => (value === undefined ? [] : [[`${collection} ${key}`, value]])),
  );
}
