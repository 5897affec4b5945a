/** `ctr --help` and the help of groups. */
import { describeOptions } from "../flags/help.ts";
import type { OptionTable } from "../flags/options.ts";
import { COMMANDS, GROUPS, type Group, type Load } from "./registry.ts";

export async function generalHelp(options: OptionTable): Promise<string> {
  const lists = Object.entries(COMMANDS).map(async ([title, commands]) => `${title}:\n${await commandList(commands)}`);
  const groups = Object.entries(GROUPS).map(([name, { summary }]) => `  ${name.padEnd(11)} ${summary}`);
  return `Usage:  ctr [OPTIONS] COMMAND

A container engine that shows its network and its limits

${(await Promise.all(lists)).join("\n\n")}

Groups:
${groups.join("\n")}

Options:
${describeOptions(options)}

The engine is found by -H, else CTR_HOST, else DOCKER_HOST, else unix:///run/ctr/ctr.sock.

Examples:
  ctr run --rm -it busybox
  ctr run -d --name web -p 8080:80 -m 64m --cpus 0.5 busybox httpd -f
  ctr net map
  ctr limit show web

Run 'ctr COMMAND --help' for more information on a command.
`;
}

export async function groupHelp(name: string, { summary, commands }: Group): Promise<string> {
  return `Usage:  ctr ${name} COMMAND

${summary}

Commands:
${await commandList(commands)}

Run 'ctr ${name} COMMAND --help' for more information on a command.
`;
}

async function commandList(commands: Readonly<Record<string, Load>>): Promise<string> {
  const names = Object.keys(commands).sort();
  const lines = names.map(async (name) => `  ${name.padEnd(11)} ${(await commands[name]?.())?.summary ?? ""}`);
  return (await Promise.all(lines)).join("\n");
}
