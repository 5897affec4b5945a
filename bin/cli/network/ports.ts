/** The ports that `ctr net publish` and `unpublish` name, and what they print. */
import type { PublishSpec } from "../../../netns/index.ts";
import { formatPortKey, parsePublish } from "../../../netns/index.ts";
import type { PortMap } from "../client/network-types.ts";
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
