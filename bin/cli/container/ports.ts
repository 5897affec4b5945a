/** `-p` and `--expose` as the API has them. */
import { formatPortKey, type PublishSpec, parsePortRange, parsePublish } from "../../../netns/index.ts";
import type { ApiPortBinding, HostConfig } from "../../../runtime/index.ts";
import { goQuote } from "../../flags/go.ts";
import { CliError, ExitCode } from "../errors.ts";

/** @throws `invalid` with Docker's text */
export const publishedPorts = (values: readonly string[]): PublishSpec[] => values.flatMap(parsePublish);

export function portBindings(ports: readonly PublishSpec[]): NonNullable<HostConfig["PortBindings"]> {
  const bindings: Record<string, ApiPortBinding[]> = {};
  for (const port of ports) {
    const { hostIp: HostIp, hostPort: HostPort, policy } = port;
    const key = formatPortKey(port);
    bindings[key] ??= [];
    bindings[key].push({ HostIp, HostPort, ...(policy === undefined ? {} : { Policy: policy }) });
  }
  return bindings;
}

/** `--expose 80`, `--expose 8000-8010/udp`, and all that is published. @throws {CliError} with Docker's texts */
export function exposedPorts(values: readonly string[], published: readonly PublishSpec[]): Record<string, object> {
  const keys = published.map(formatPortKey);
  for (const value of values) {
    if (value.includes(":")) throw failed(`invalid port format for --expose: ${value}`);
    const [ports = "", protocol] = value.split("/");
    const range = parsePortRange(ports);
    if (range === undefined) throw failed(`invalid range format for --expose: ${value}, error: ${rangeFault(ports)}`);
    for (let port = range.start; port <= range.end; port++) keys.push(`${port}/${(protocol || "tcp").toLowerCase()}`);
  }
  return Object.fromEntries(keys.map((key) => [key, {}]));
}

/** Why a text is no range of ports, as Go's strconv and Docker's nat package say it. */
function rangeFault(ports: string): string {
  if (ports === "") return "empty string specified for ports";
  const [first = "", last = first] = ports.split("-");
  for (const end of [first, last]) {
    if (!/^\d+$/.test(end)) return `strconv.ParseUint: parsing ${goQuote(end)}: invalid syntax`;
    if (Number(end) > HIGHEST_PORT) return `strconv.ParseUint: parsing ${goQuote(end)}: value out of range`;
  }
  return `invalid range specified for port: ${ports}`;
}

const HIGHEST_PORT = 65_535;

const failed = (message: string): CliError => new CliError(message, ExitCode.notRun);
