import { arch } from "node:process";
import { buildFacts } from "../../build-facts.ts";
import { text, toggle } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { alignColumns } from "../format/table.ts";
import { compileTemplate } from "../format/template/evaluate.ts";

/** The newest version of the Engine API that this client was written for. */
const API_VERSION = "1.51";

interface ServerVersion {
  readonly Components?: readonly {
    readonly Name: string;
    readonly Version: string;
    readonly Details?: Readonly<Record<string, string>> | null;
  }[];
}

interface ClientVersion {
  readonly Version: string;
  readonly ApiVersion: string;
  readonly NodeVersion: string;
  readonly GitCommit: string;
  readonly BuildTime: string;
  readonly Os: string;
  readonly Arch: string;
}

export const command = defineCommand({
  summary: "Show the versions of client and engine",
  usage: "[OPTIONS]",
  operands: [0, 0],
  options: {
    client: toggle({ help: "Only the client's, without asking the engine" }),
    format: text({ short: "f", help: "json, or a Go template: '{{.Server.Version}}'" }),
  },
  examples: ["ctr version", "ctr version --format '{{.Server.Version}}'"],
  async run({ values }, { client: engine }) {
    const client = clientVersion();
    const plain = values.format === undefined || values.format === "";
    // The client's part is there even when no engine answers.
    if (plain) process.stdout.write(clientText(client));
    const Server = values.client ? null : await engine.get<ServerVersion>("/version");
    if (!plain) {
      const show = values.format === "json" ? JSON.stringify : compileTemplate(values.format ?? "");
      process.stdout.write(`${show({ Client: client, Server })}\n`);
    } else if (Server !== null) process.stdout.write(serverText(Server));
  },
});

function clientVersion(): ClientVersion {
  const { version, gitCommit, buildTime } = buildFacts();
  return {
    Version: version,
    ApiVersion: API_VERSION,
    NodeVersion: process.version,
    GitCommit: gitCommit,
    BuildTime: buildTime,
    Os: "linux",
    Arch: arch === "x64" ? "amd64" : arch,
  };
}

/** Labels and their values in two columns. */
const pairs = (rows: readonly (readonly [string, string])[], indent: string): string =>
  alignColumns(
    rows.map(([label, value]) => [`${indent}${label}:`, value]),
    { minimum: 20, gap: 1 },
  );

const clientText = (version: ClientVersion): string =>
  `Client:\n${pairs(
    [
      ["Version", version.Version],
      ["API version", version.ApiVersion],
      ["Node version", version.NodeVersion],
      ["Git commit", version.GitCommit],
      ["Built", version.BuildTime],
      ["OS/Arch", `${version.Os}/${version.Arch}`],
    ],
    " ",
  )}`;

function serverText({ Components = [] }: ServerVersion): string {
  const parts = Components.map(({ Name, Version, Details }) => {
    const details = Details ?? {};
    const api: [string, string][] =
      details["ApiVersion"] === undefined
        ? []
        : [["API version", `${details["ApiVersion"]} (minimum version ${details["MinAPIVersion"]})`]];
    const optional = (label: string, key: string): [string, string][] =>
      details[key] === undefined ? [] : [[label, details[key]]];
    const rows: [string, string][] = [
      ["Version", Version],
      ...api,
      ...optional("Node version", "NodeVersion"),
      ...optional("Go version", "GoVersion"),
      ...optional("Git commit", "GitCommit"),
      ...optional("Built", "BuildTime"),
      ...(details["Os"] === undefined ? [] : [["OS/Arch", `${details["Os"]}/${details["Arch"]}`] as [string, string]]),
    ];
    return ` ${Name}:\n${pairs(rows, "  ")}`;
  });
  return `\nServer:\n${parts.join("")}`;
}
