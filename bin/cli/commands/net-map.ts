import { single, text } from "../../flags/options.ts";
import type { NetworkMap } from "../client/network-types.ts";
import { defineCommand } from "../command.ts";
import { CliError, ExitCode } from "../errors.ts";

const FORMATS = ["text", "svg", "mermaid", "json"] as const;
type Format = (typeof FORMATS)[number];

export const command = defineCommand({
  summary: "Draw the networks, the containers on them, and what is open",
  usage: "[OPTIONS]",
  operands: [0, 0],
  alsoKnownAs: ["net map", "network map"],
  options: {
    format: single({ value: "string", help: `How: ${FORMATS.join(", ")} (default text)`, parse: parseFormat }),
    overlay: text({ value: "file", help: "Draw a traced packet on it: last, or a file of ctr net trace --json" }),
  },
  examples: [
    "ctr net map",
    "ctr net map --format svg > map.svg",
    "ctr net map --format mermaid >> README.md",
    "ctr net trace web api:80; ctr net map --overlay last   # where the packet went",
  ],
  async run({ values: { format = "text", overlay } }, { client }) {
    if (overlay !== undefined && (format === "json" || format === "mermaid")) {
      throw new CliError("a packet can be drawn as text and as svg only", ExitCode.notRun);
    }
    process.stdout.write(await drawing(await client.get<NetworkMap>("/ctr/net/map"), format, overlay));
  },
});

/** Each form is loaded only when it is drawn. */
async function drawing(map: NetworkMap, format: Format, traced: string | undefined): Promise<string> {
  if (format === "json") return `${JSON.stringify(map, undefined, 2)}\n`;
  const { topologyOf } = await import("../map/topology.ts");
  const topology = topologyOf(map);
  const overlay = traced === undefined ? undefined : await overlayFor(traced, map);
  if (format === "svg") return (await import("../map/svg.ts")).mapSvg(topology, overlay);
  if (format === "mermaid") return (await import("../map/mermaid.ts")).mapMermaid(topology);
  return (await import("../map/text.ts")).mapText(topology, overlay);
}

async function overlayFor(traced: string, map: NetworkMap) {
  const { readReport } = await import("../diagnosis/last-report.ts");
  const { overlayOf } = await import("../map/overlay.ts");
  return overlayOf(readReport(traced), map);
}

function parseFormat(text: string): Format {
  const format = FORMATS.find((one) => one === text);
  if (format === undefined) throw new Error(`must be one of ${FORMATS.join(", ")}`);
  return format;
}
