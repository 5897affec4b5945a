/** The environment variables of `--link`, as Docker made them. */

export interface LinkEnvironmentRequest {
  /** `/web/db`: the linking container's name and the alias. */
  readonly name: string;
  readonly alias: string;
  /** The target's, IPv4. */
  readonly address: string;
  /** Exposed by the target: `80/tcp`, `8000-8002/udp`. */
  readonly ports: readonly string[];
  /** Of the target: `KEY=value`. */
  readonly environment: readonly string[];
}

interface Port {
  readonly number: number;
  readonly protocol: string;
}

/** Ports in a row, of one protocol. */
type Run = readonly [Port, ...Port[]];

/** What the target's own environment has of every container's. */
const NOT_PASSED_ON = new Set(["HOME", "PATH"]);

export function linkEnvironment({ name, alias, address, ports, environment }: LinkEnvironmentRequest): string[] {
  const prefix = alias.toUpperCase().replaceAll("-", "_");
  const sorted = [...new Set(ports)].flatMap(parsePorts).sort(byProtocolAndNumber);
  const [first] = sorted;
  return [
    `${prefix}_NAME=${name}`,
    ...(first === undefined ? [] : [`${prefix}_PORT=${url(address, first)}`]),
    ...runsOf(sorted).flatMap((run) => rangeVariables(prefix, address, run)),
    ...sorted.flatMap((port) => portVariables(prefix, address, port)),
    ...environment
      .filter((variable) => variable.includes("=") && !NOT_PASSED_ON.has(variable.slice(0, variable.indexOf("="))))
      .map((variable) => `${prefix}_ENV_${variable}`),
  ];
}

function portVariables(prefix: string, address: string, port: Port): string[] {
  const stem = stemOf(prefix, port);
  return [
    `${stem}=${url(address, port)}`,
    `${stem}_ADDR=${address}`,
    `${stem}_PORT=${port.number}`,
    `${stem}_PROTO=${port.protocol}`,
  ];
}

/** On the first port of several that follow each other. */
function rangeVariables(prefix: string, address: string, run: Run): string[] {
  const [start] = run;
  const end = run.at(-1) ?? start;
  if (start === end) return [];
  const stem = stemOf(prefix, start);
  return [
    `${stem}_START=${url(address, start)}`,
    `${stem}_PORT_START=${start.number}`,
    `${stem}_END=${url(address, end)}`,
    `${stem}_PORT_END=${end.number}`,
  ];
}

const stemOf = (prefix: string, { number, protocol }: Port): string =>
  `${prefix}_PORT_${number}_${protocol.toUpperCase()}`;
const url = (address: string, { number, protocol }: Port): string => `${protocol}://${address}:${number}`;

function runsOf(sorted: readonly Port[]): Run[] {
  const runs: [Port, ...Port[]][] = [];
  for (const port of sorted) {
    const last = runs.at(-1)?.at(-1);
    if (last?.protocol === port.protocol && last.number + 1 === port.number) runs.at(-1)?.push(port);
    else runs.push([port]);
  }
  return runs;
}

function parsePorts(text: string): Port[] {
  const [, start, end, protocol = "tcp"] = /^(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(text) ?? [];
  if (start === undefined) return [];
  const count = Number(end ?? start) - Number(start) + 1;
  return Array.from({ length: Math.max(0, count) }, (_, index) => ({ number: Number(start) + index, protocol }));
}

/** TCP comes first. */
function byProtocolAndNumber(one: Port, other: Port): number {
  const rank = ({ protocol }: Port): string => (protocol === "tcp" ? "" : protocol);
  return rank(one).localeCompare(rank(other)) || one.number - other.number;
}
