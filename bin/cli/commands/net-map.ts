import { single } from "../../flags/options.ts";
import type { NetworkMap } from "../client/network-types.ts";
import { defineCommand } from "../command.ts";

const FORMATS = ["text", "svg", "mermaid", "json"] as const;
type Format = (typeof FORMATS)[number];

export const command = defineCommand({
  summary: "Draw the networks, the containers on them, and what is open",
  usage: "[OPTIONS]",
  operands: [0, 0],
  alsoKnownAs: ["net map", "network map"],
  options: {
    format: single({ value: "string", help: `How: ${FORMATS.join(", ")} (default text)`, parse: parseFormat }),
  },
  examples: ["ctr net map", "ctr net map --format svg > map.svg", "ctr net map --format mermaid >> README.md"],
  async run({ values: { format = "text" } }, { client }) {
    process.stdout.write(await drawing(await client.get<NetworkMap>("/ctr/net/map"), format));
  },
});

/** Each form is loaded only when it is drawn. */
async function drawing(map: NetworkMap, format: Format): Promise<string> {
  if (format === "json") return `${JSON.stringify(map, undefined, 2)}\n`;
  const { topologyOf } = await import("../map/topology.ts");
  const topology = topologyOf(map);
  if (format === "svg") return (await import("../map/svg.ts")).mapSvg(topology);
  if (format === "mermaid") return (await import("../map/mermaid.ts")).mapMermaid(topology);
  return (await import("../map/text.ts")).mapText(topology);
}

function parseFormat(text: string): Format {
  const format = FORMATS.find((one) => one === text);
  if (format === undefined) throw new Error(`must be one of ${FORMATS.join(", ")}`);
  return format;
}
