/** `ctr inspect`, and `inspect` of one kind of object. */
import { messageOf } from "../../../lib/errors.ts";
import { text, toggle } from "../../flags/options.ts";
import type { Client } from "../client/client.ts";
import { defineCommand } from "../command.ts";
import { CliError, EngineError } from "../errors.ts";
import { renderObjects } from "../format/object.ts";

const KINDS = ["container", "image", "network", "volume"] as const;
type Kind = (typeof KINDS)[number];

const PATHS: Readonly<Record<Kind, (name: string) => string>> = {
  container: (name) => `/containers/${name}/json`,
  image: (name) => `/images/${name}/json`,
  network: (name) => `/networks/${name}`,
  volume: (name) => `/volumes/${name}`,
};

const FORMAT = text({ short: "f", help: "json, or a Go template: '{{.State.Pid}}'" });

export const command = defineCommand({
  summary: "Show everything about containers, images, networks and volumes",
  usage: "[OPTIONS] NAME|ID [NAME|ID...]",
  operands: [1, Number.POSITIVE_INFINITY],
  options: {
    format: FORMAT,
    size: toggle({ short: "s", help: "Show the sizes of containers, too" }),
    type: text({ help: `Only this kind of object: ${KINDS.join(", ")}` }),
  },
  examples: [
    "ctr inspect web",
    "ctr inspect -f '{{.NetworkSettings.IPAddress}}' web",
    "ctr inspect -f '{{range $p, $b := .NetworkSettings.Ports}}{{println $p $b}}{{end}}' web",
  ],
  async run({ values, operands }, { client }) {
    const kinds = kindsOf(values.type);
    const query = values.size ? { size: 1 } : {};
    await show(operands, values.format, (name) => findObject(client, name, kinds, query));
  },
});

export const containerCommand = inspectOf("container", "Show everything about containers", "ctr container inspect web");
export const imageCommand = inspectOf("image", "Show everything about images", "ctr image inspect busybox");
export const volumeCommand = inspectOf("volume", "Show everything about volumes", "ctr volume inspect data");
export const networkCommand = defineCommand({
  summary: "Show everything about networks",
  usage: "[OPTIONS] NETWORK [NETWORK...]",
  operands: [1, Number.POSITIVE_INFINITY],
  alsoKnownAs: ["net inspect", "network inspect"],
  options: { format: FORMAT, verbose: toggle({ short: "v", help: "Show more for diagnostics" }) },
  examples: [
    "ctr net inspect front",
    "ctr net inspect -f '{{range .Containers}}{{println .Name .IPv4Address}}{{end}}' front",
  ],
  run: ({ values, operands }, { client }) =>
    show(operands, values.format, (name) =>
      client.get(PATHS.network(encodeURIComponent(name)), values.verbose ? { verbose: true } : undefined),
    ),
});

function inspectOf(kind: Kind, summary: string, example: string) {
  return defineCommand({
    summary,
    usage: `[OPTIONS] ${kind.toUpperCase()} [${kind.toUpperCase()}...]`,
    operands: [1, Number.POSITIVE_INFINITY],
    options: { format: FORMAT },
    examples: [example, `${example} -f '{{json .}}'`],
    run: ({ values, operands }, { client }) =>
      show(operands, values.format, (name) => client.get(PATHS[kind](encodeURIComponent(name)))),
  });
}

function kindsOf(type: string | undefined): readonly Kind[] {
  if (type === undefined || type === "") return KINDS;
  const kind = KINDS.find((one) => one === type);
  if (kind === undefined) throw new CliError(`unknown type: "${type}": must be one of "${KINDS.join('", "')}"`);
  return [kind];
}

/** The first kind that has such an object. */
async function findObject(
  client: Client,
  name: string,
  kinds: readonly Kind[],
  query: Readonly<Record<string, number>>,
): Promise<unknown> {
  for (const kind of kinds) {
    try {
      return await client.get(PATHS[kind](encodeURIComponent(name)), kind === "container" ? query : {});
    } catch (error) {
      const isElsewhere = error instanceof EngineError && error.status === 404 && kinds.length > 1;
      if (!isElsewhere) throw error;
    }
  }
  throw new CliError(`Error: No such object: ${name}`);
}

/** Prints all that was found, then tells what was not. */
async function show(
  names: readonly string[],
  format: string | undefined,
  find: (name: string) => Promise<unknown>,
): Promise<void> {
  const results = await Promise.allSettled(names.map(find));
  const objects = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  process.stdout.write(renderObjects(objects, format));
  const errors = results.flatMap((result) => (result.status === "rejected" ? [messageOf(result.reason)] : []));
  if (errors.length > 0) throw new CliError(errors.join("\n"));
}
