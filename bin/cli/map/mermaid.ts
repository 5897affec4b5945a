/** The map as a mermaid diagram: for Markdown files and wikis that draw it. */
import type { GrantEnd, GrantRow } from "../client/network-types.ts";
import { addressesOf, networkWords, type Topology } from "./topology.ts";

export function mapMermaid({ networks, containers, cables, grants }: Topology): string {
  const nodes = new Map<string, string>();
  for (const [index, { Id }] of networks.entries()) nodes.set(Id, `n${index}`);
  for (const [index, { Id }] of containers.entries()) nodes.set(Id, `c${index}`);
  const used = networks.filter(({ Driver, Endpoints }) => !["host", "null"].includes(Driver) || Endpoints.length > 0);
  const lines = [
    "graph LR",
    ...used.map((network) => `${nodes.get(network.Id)}{{"${label(network.Name, ...networkWords(network))}"}}`),
    ...containers.map(({ Id, Name, Running }) => `${nodes.get(Id)}["${label(Name, ...(Running ? [] : ["stopped"]))}"]`),
    ...cables.flatMap(({ networkId, containerId, endpoint }) => {
      const text = label(...addressesOf(endpoint));
      const [network, container] = [nodes.get(networkId), nodes.get(containerId)];
      return container === undefined ? [] : [`${network} ---${text === "" ? "" : `|"${text}"|`} ${container}`];
    }),
    ...containers.flatMap(({ Id, joins }) =>
      joins === undefined ? [] : [`${nodes.get(joins)} -.-|"one network"| ${nodes.get(Id)}`],
    ),
    ...containers.flatMap(({ Id, published }) =>
      published.map((port, index) => {
        const node = nodes.get(Id);
        const [host = "", target = ""] = port.split(" → ");
        return `${node}p${index}(["${label(host)}"]) -->|"${label(target)}"| ${node}`;
      }),
    ),
    ...grants.flatMap((grant) => grantLine(grant, nodes)),
  ];
  return `${lines.map((line, index) => (index === 0 ? line : `  ${line}`)).join("\n")}\n`;
}

function grantLine({ From, To, Port, Protocol = "tcp", Both }: GrantRow, nodes: ReadonlyMap<string, string>): string[] {
  const [from, to] = [From, To].map(({ Id }: GrantEnd) => nodes.get(Id));
  if (from === undefined || to === undefined) return [];
  const words = Port === undefined ? "allowed" : `allowed ${Port}/${Protocol}`;
  return [`${from} ${Both ? "<-.->" : "-.->"}|"${words}"| ${to}`];
}

/** Lines of a node's text, with what mermaid would read as its own replaced. */
const label = (...lines: readonly string[]): string =>
  lines.map((line) => line.replaceAll("#", "#35;").replaceAll('"', "#quot;").replace(/[<>]/g, entity)).join("<br/>");

const entity = (character: string): string => (character === "<" ? "#lt;" : "#gt;");
