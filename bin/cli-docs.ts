/** `node bin/cli-docs.ts > docs/cli.md`: the reference of `ctr`, from the commands' own help. */
import { GLOBAL_OPTIONS } from "./cli/global-options.ts";
import { generalHelp } from "./cli/help.ts";
import { COMMANDS, GROUPS, type Load } from "./cli/registry.ts";

const FIRST_LEVEL = Object.assign({}, ...Object.values(COMMANDS)) as Record<string, Load>;

async function section(path: string, load: Load): Promise<string> {
  const { summary, help } = await load();
  return `## ctr ${path}\n\n${summary}.\n\n\`\`\`\n${help(path).replace(`${summary}\n\n`, "").trimEnd()}\n\`\`\`\n`;
}

async function reference(): Promise<string> {
  const groups = Object.entries(GROUPS).flatMap(([group, { commands }]) =>
    Object.entries(commands)
      // What has a name of the first level is described there, and `network` is another name of `net`.
      .filter(([, load]) => group !== "network" && !Object.values(FIRST_LEVEL).includes(load))
      .map(([name, load]) => [`${group} ${name}`, load] as const),
  );
  const all = [...Object.entries(FIRST_LEVEL), ...groups].sort(([a], [b]) => (a < b ? -1 : 1));
  const sections = await Promise.all(all.map(([path, load]) => section(path, load)));
  return `# The commands of ctr

Made from the commands' own \`--help\` by \`node bin/cli-docs.ts > docs/cli.md\`. Flags, output columns and exit codes are
those of the docker CLI: 125 when the container was not run, 126 when its command cannot be executed, 127 when it is not
there, 128 and the number of a signal that ended it, else the command's own.

\`\`\`
${(await generalHelp(GLOBAL_OPTIONS)).trimEnd()}
\`\`\`

${sections.join("\n")}`;
}

process.stdout.write(await reference());
