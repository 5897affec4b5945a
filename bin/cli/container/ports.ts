/** `-p` and `--expose` as the API has them. */
import { formatPortKey, type PublishSpec, parsePortRange, parsePublish } from "../../../netns/index.ts";
import type { HostConfig } from "../../../runtime/index.ts";
import { CliError, ExitCode } from "../errors.ts";

/** @throws `invalid` with Docker's text */
export const publishedPorts = (values: readonly string[]): PublishSpec[] => values.flatMap(parsePublish);

export function portBindings(ports: readonly PublishSpec[]): NonNullable<HostConfig["PortBindings"]> {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const port of ports) {
    const key = formatPortKey(port);
    bindings[key] ??= [];
    bindings[key].push({ HostIp: port.hostIp, HostPort: port.hostPort });
  }
  return bindings;
}

/** `--expose 80`, `--expose 8000-8010/udp`, and all that is published. @throws {CliError} */
export function exposedPorts(values: readonly string[], published: readonly PublishSpec[]): Record<string, object> {
  const keys = published.map(formatPortKey);
  for (const value of values) {
    const [ports = "", protocol = "tcp"] = value.split("/");
    const range = parsePortRange(ports);
    if (range === undefined || range.start === 0) {
      throw new CliError(`invalid range format for --expose: ${value}`, ExitCode.notRun);
    }
    for (let port = range.start; port <= range.end; port++) keys.push(`${port}/${protocol}`);
  }
  return Object.fromEntries(keys.map((key) => [key, {}]));
}
