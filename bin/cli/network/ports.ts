/** The ports that `ctr net publish` and `unpublish` name, and what they print. */
import type { PublishSpec } from "../../../netns/index.ts";
import { formatPortKey, parsePublish } from "../../../netns/index.ts";
import type { Client } from "../client/client.ts";
import type { PortChange, PortMap } from "../client/network-types.ts";
import type { ContainerDetails } from "../client/types.ts";
import { CliError } from "../errors.ts";
import { hostPort } from "../format/ports.ts";

/** @param values operands and `-p`, in Docker's grammar. @throws {CliError} for none, `invalid` with Docker's text */
export function portsOf(values: readonly string[], example: string): PublishSpec[] {
  if (values.length === 0) throw new CliError(`no port is named\nName one: ${example}`);
  return values.flatMap(parsePublish);
}

/** What is to be given up: a container port alone means all that it is published on. */
export const unpublishedPort = (spec: PublishSpec) => ({
  Port: formatPortKey(spec),
  ...(spec.hostIp === "" ? {} : { HostIp: spec.hostIp }),
  ...(spec.hostPort === "" ? {} : { HostPort: spec.hostPort }),
});

/** Prints what a change has done. What is not in force now changes nothing now: then it says when it will. */
export async function showChange({ Ports }: PortChange, client: Client, container: string): Promise<void> {
  const lines = portLines(Ports ?? {});
  process.stdout.write(lines === "" ? `${await reasonOf(client, container)}\n` : lines);
}

async function reasonOf(client: Client, container: string): Promise<string> {
  const { State } = await client.get<ContainerDetails>(`/containers/${encodeURIComponent(container)}/json`);
  return State.Running
    ? `${container} is on internal networks only: this holds once it is on another`
    : `${container} does not run: this holds from its next start on`;
}

/** Lines as `ctr port` prints them: `80/tcp -> 0.0.0.0:8080`. */
export function portLines(ports: PortMap): string {
  return Object.entries(ports)
    .flatMap(([port, bindings]) =>
      (bindings ?? []).map(({ HostIp = "", HostPort = "" }) => `${port} -> ${hostPort(HostIp, HostPort)}`),
    )
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
    .map((line) => `${line}\n`)
    .join("");
}
