/** The last screen: what ctr did for the container, and what to try next. */
import { basename } from "node:path";
import { runCommand } from "../../lib/command.ts";
import { formatBinarySize } from "../../lib/units/size.ts";
import { ctr, ctrJson, inspect } from "./client.ts";
import { CONTAINER, type ContainerDetails, type WebServer } from "./demonstration.ts";
import { faint, heading } from "./terminal.ts";

interface NetworkDetails {
  readonly Name: string;
  readonly IPAM: { readonly Config: readonly { readonly Subnet: string; readonly Gateway: string }[] };
  readonly Options: Readonly<Record<string, string>>;
}

interface LimitLine {
  readonly limit: string;
  readonly asked: number | string | null;
  readonly enforced: number | string;
  readonly usage: number | null;
  readonly file: string;
  readonly value: string;
}

export async function report({ port, page }: WebServer): Promise<void> {
  const title = /<h1>(.*)<\/h1>/.exec(page)?.[1] ?? page.slice(0, 40);
  const lines = [
    "",
    `${heading(`http://127.0.0.1:${port}/`)} says «${title}». What ctr made for it:`,
    "",
    ...(await networkLines(port)),
    ...(await limitLines()),
    "",
    heading("Try next"),
    `  ctr net inspect bridge        ${faint("the network, its range and who is on it")}`,
    `  ctr limit show ${CONTAINER}            ${faint("every limit, the file it is in, use and peak")}`,
    `  ctr net why outside :8080     ${faint("whether others reach it, and if not, why")}`,
    `  ctr run --rm -it busybox      ${faint("a shell in a container of your own")}`,
    "",
    faint(`Put ctr on your PATH: ln -s "$PWD/bin/ctr" /usr/local/bin/. Take all away: npm run quickstart -- --clean`),
  ];
  console.log(lines.join("\n"));
}

async function networkLines(port: number): Promise<string[]> {
  const details = await inspect<ContainerDetails>("container", CONTAINER);
  const endpoint = details?.NetworkSettings.Networks["bridge"];
  const [network] = JSON.parse(await ctr(["net", "inspect", "bridge"])) as NetworkDetails[];
  const pool = network?.IPAM.Config[0];
  const bridge = network?.Options["com.docker.network.bridge.name"];
  return [
    line("network", `${bridge} ${pool?.Gateway} for ${pool?.Subnet}, masqueraded on the way out`),
    line("address", `${endpoint?.IPAddress} (${endpoint?.MacAddress}), default route by ${endpoint?.Gateway}`),
    line("rule", await ruleOf(port)),
  ];
}

/** The firewall's own words for the published port. */
async function ruleOf(port: number): Promise<string> {
  const { stdout } = await runCommand(["nft", "list", "map", "inet", "ctr", "hp4"], { expect: [0, 1] });
  const [, target] = new RegExp(`tcp \\. ${port}\\b[^:]*: ([0-9.]+ \\. \\d+)`).exec(stdout) ?? [];
  const element = target === undefined ? `port ${port}` : `tcp . ${port} : ${target}`;
  return `${element}   ${faint("(one element of nftables map inet ctr hp4)")}`;
}

async function limitLines(): Promise<string[]> {
  const limits = await ctrJson<LimitLine>(["limit", "show", CONTAINER, "--format", "json"]);
  return limits
    .filter(({ asked }) => asked !== null)
    .map(({ limit, enforced, usage, file, value }) => {
      const use = usage === null ? "" : `, ${inUnit(limit, usage)} in use`;
      return line(words(limit), `${inUnit(limit, enforced)}${use}   ${faint(`(${basename(file)} = ${value})`)}`);
    });
}

const line = (name: string, text: string): string => `  ${name.padEnd(12)}${text}`;

/** `memorySwap` → `memory-swap`, as the flag is called. */
const words = (limit: string): string => limit.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function inUnit(limit: string, value: number | string): string {
  return limit.startsWith("memory") && typeof value === "number" ? formatBinarySize(value) : String(value);
}
