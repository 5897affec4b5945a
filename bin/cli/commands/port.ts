import type { ContainerDetails } from "../client/types.ts";
import { defineCommand } from "../command.ts";
import { CliError } from "../errors.ts";
import { hostPort } from "../format/ports.ts";

export const command = defineCommand({
  summary: "List the published ports of a container",
  usage: "CONTAINER [PRIVATE_PORT[/PROTO]]",
  operands: [1, 2],
  alsoKnownAs: ["container port", "port"],
  options: {},
  examples: ["ctr port web", "ctr port web 80/tcp"],
  async run({ operands: [name = "", wanted] }, { client }) {
    const { NetworkSettings } = await client.get<ContainerDetails>(`/containers/${encodeURIComponent(name)}/json`);
    const ports = Object.entries(NetworkSettings.Ports ?? {});
    if (wanted === undefined) {
      const lines = ports.flatMap(([port, bindings]) =>
        (bindings ?? []).map(({ HostIp, HostPort }) => `${port} -> ${hostPort(HostIp, HostPort)}`),
      );
      process.stdout.write(
        lines
          .sort(byNumber)
          .map((line) => `${line}\n`)
          .join(""),
      );
      return;
    }
    const key = wanted.includes("/") ? wanted : `${wanted}/tcp`;
    const [, bindings] = ports.find(([port]) => port === key) ?? [];
    if (bindings === undefined || bindings === null || bindings.length === 0) {
      throw new CliError(`Error: No public port '${wanted}' published for ${name}`);
    }
    process.stdout.write(bindings.map(({ HostIp, HostPort }) => `${hostPort(HostIp, HostPort)}\n`).join(""));
  },
});

const byNumber = (a: string, b: string): number => Number.parseInt(a, 10) - Number.parseInt(b, 10);
