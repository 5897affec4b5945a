/** The map as a tree of text: networks, and the containers on each. */
import { alignColumns } from "../format/table.ts";
import { grantText } from "../network/grants.ts";
import { besideText, type Overlay, type OverlayStop, overlayText, stopsBeside } from "./overlay.ts";
import { addressesOf, networkWords, type PlacedContainer, type Topology } from "./topology.ts";

/** @param overlay a packet's way: what it passed is marked */
export function mapText(topology: Topology, overlay?: Overlay): string {
  const { networks, grants } = topology;
  const shown = networks.filter(({ Driver, Endpoints }) => !isMode(Driver) || Endpoints.length > 0);
  const blocks = shown.map((network) => networkBlock(topology, network, overlay));
  const opened = grants.map(grantText).sort();
  if (opened.length > 0) blocks.push(`opened by ctr net allow\n${branches(opened.map((line) => [line]))}`);
  if (overlay !== undefined) {
    blocks.push(...stopsBeside(overlay).map((stop) => besideBlock(stop, overlay)), overlayText(overlay));
  }
  return blocks.join("\n");
}

/** `══` where the packet passed, `══✗` where it ended. */
function markOf(id: string, overlay: Overlay | undefined): string[] {
  const stops = overlay?.stops.filter((one) => one.id === id) ?? [];
  if (stops.length === 0) return [];
  return [stops.some(({ ends }) => ends) ? "══✗" : "══"];
}

const besideBlock = (stop: OverlayStop, overlay: Overlay): string =>
  `${[stop.name, besideText(stop), ...markOf(stop.id, overlay)].join("   ")}\n`;

const isMode = (driver: string): boolean => driver === "host" || driver === "null";

function networkBlock(topology: Topology, network: Topology["networks"][number], overlay: Overlay | undefined): string {
  const title = [network.Name, ...networkWords(network), ...markOf(network.Id, overlay)].join("   ");
  const rows = topology.cables
    .filter(({ networkId }) => networkId === network.Id)
    .flatMap(({ containerId, endpoint }) => {
      const container = topology.containers.find(({ Id }) => Id === containerId);
      const state = container?.Running === false ? "stopped" : endpoint.Interface;
      const row = [
        endpoint.ContainerName,
        addressesOf(endpoint).join(" "),
        state,
        [(container?.published ?? []).join(", "), ...markOf(containerId, overlay)].join("   ").trim(),
      ];
      return [row, ...joiners(topology, containerId)];
    });
  return `${title}\n${branches(rows)}`;
}

/** Containers inside another's network stand below it. */
function joiners({ containers }: Topology, owner: string): string[][] {
  return containers
    .filter(({ joins }) => joins === owner)
    .map((container) => [
      `  + ${container.Name}`,
      "in its network",
      stateOf(container),
      container.published.join(", "),
    ]);
}

const stateOf = ({ Running }: PlacedContainer): string => (Running ? "" : "stopped");

function branches(rows: readonly (readonly string[])[]): string {
  const lines = rows.length === 0 ? [] : alignColumns(rows, { minimum: 0, gap: 3 }).trimEnd().split("\n");
  return lines.map((line, index) => `${index === lines.length - 1 ? "└─" : "├─"} ${line.trimEnd()}\n`).join("");
}
