/**
 * One script of network commands against ctr and against the real Docker Engine: exit codes and texts are the same, and
 * what `inspect` shows has the same shape.
 */
import assert from "node:assert/strict";
import type { CommandResult } from "../../../lib/command.ts";
import { TestEngine } from "../../support/engine.ts";
import { comparable, type Docker, RealDocker } from "./real-docker.ts";

/** In this order: each finds what the ones before have left. */
const SCRIPT: readonly string[] = [
  "network create a",
  "network create a",
  "network create --subnet 10.7.0.0/24 --gateway 10.7.0.1 --label x=y --aux-address r=10.7.0.9 --ip-range 10.7.0.128/25 sub",
  "network create --subnet 10.7.0.0/25 overlapping",
  "network create --gateway 10.9.0.1 g",
  "network create --subnet 10.9.0.0/24 --gateway 10.10.0.1 g",
  "network create --internal int",
  ...["-d host h", "-d null n", "bridge", "host", "--ingress i", "--scope swarm s"].map(
    (args) => `network create ${args}`,
  ),
  "network ls --format {{.Name}}:{{.Driver}}:{{.Scope}}",
  ...["type=custom", "type=builtin", "name=s", "driver=bridge", "scope=local", "label=x=y"].map(
    (filter) => `network ls --format {{.Name}} -f ${filter}`,
  ),
  "network ls -f type=odd",
  "run -d --name up --network a --network-alias al busybox sleep 1000",
  "run -d --name second busybox sleep 1000",
  "run --name down busybox true",
  "create --name new --network sub --ip 10.7.0.130 busybox true",
  "create --name early --network later --network-alias soon busybox sleep 1000",
  "ps -a --filter network=later --format '{{.Names}} {{.Networks}}'",
  "inspect -f '{{json .NetworkSettings.Networks.later}}' early",
  "network create --subnet 10.8.0.0/24 later",
  "start early",
  "inspect -f '{{.NetworkSettings.Networks.later.IPAddress}}' early",
  "rm -f early",
  "network rm later",
  ...["a", "sub", "int", "bridge", "host", "none"].map((name) => `network inspect ${name}`),
  ...["up", "second"].map((name) => `inspect -f '{{json .NetworkSettings}}' ${name}`),
  "inspect -f '{{json .NetworkSettings.Networks.bridge}}' down",
  "inspect -f '{{json .NetworkSettings.Networks.sub.IPAMConfig}}' new",
  ...["a up", "a new", "a new", "no up", "a no", "none up", "bridge up"].map((args) => `network connect ${args}`),
  "network connect --ip 10.7.0.1 sub up",
  "network connect --ip 10.7.0.200 sub up",
  `exec up sh -c "ip -4 -o addr show eth2 | awk '{ print $4 }'"`,
  ...["a no", "no up", "host up", "a second", "a down", "sub up", "-f a nosuch"].map(
    (args) => `network disconnect ${args}`,
  ),
  ...["rm bridge", "rm no", "rm host", "inspect no", "inspect a no"].map((args) => `network ${args}`),
  ...["-h x", "--link second", "--dns 1.1.1.1", "--add-host a:1.1.1.1", "-p 80", "--expose 80"].map(
    (option) => `run --rm --network container:up ${option} busybox true`,
  ),
  "run --rm --network host --link second busybox true",
  "run --rm --network host -p 80:80 busybox true",
  "run --rm --uts host -h x busybox true",
  "run --rm --link no busybox true",
  "run --name linking --link down busybox true",
  "run --rm --link second:db:x busybox true",
  "run --rm --network-alias x busybox true",
  "run --rm --network a --network bridge busybox true",
  "run --rm --network a --network a busybox true",
  "run --rm -p 70000:80 busybox true",
  "run -d --name lk --link second:db busybox sleep 1000",
  "exec lk grep -w db /etc/hosts",
  `exec lk sh -c "env | grep ^DB_"`,
  "inspect -f '{{json .HostConfig.Links}}' lk",
  "inspect -f {{.Name}} lk/db lk/no",
  ...["lk", "lk/no", "lk/db"].map((name) => `rm --link ${name}`),
  "inspect -f '{{json .HostConfig.Links}}' lk",
  "run -d --name web -p 127.0.0.1:8088:88 -p 8089:89/udp --expose 90 busybox sleep 1000",
  "port web",
  "port web 88",
  "port web 90",
  "run -d --name joined --network container:web busybox sleep 1000",
  "exec joined cat /sys/class/net/eth0/operstate",
  "exec joined hostname",
  "inspect -f '{{json .NetworkSettings}}' joined",
  "network connect a joined",
  "network disconnect bridge web",
  "network connect a web",
  "port web",
  "rm -f web joined",
  "network rm int",
  "network prune -f",
  "network rm a",
];

/** Where newer Engines, which we follow, say it otherwise than 20.10: its text, and theirs. */
const NEWER_WORDS: readonly (readonly [RegExp, string])[] = [
  [/daemon: driver failed programming/, "daemon: failed to set up container networking: driver failed programming"],
  [/daemon: Pool overlaps/, "daemon: invalid pool request: Pool overlaps"],
  [/network a id <id> has active endpoints/, 'network a has active endpoints (name:"up" id:"<id>")'],
];

/** Fields that 20.10 does not know, which its CLI prints all the same. */
const NEWER_FIELDS = ["DNSNames"];

/** Fields whose values are each engine's own, wherever they are in what `inspect` shows. */
const OWN_VALUES = new Set([
  ...["Id", "Created", "NetworkID", "EndpointID", "MacAddress", "Gateway", "IPAddress", "Subnet", "IPv4Address"],
  ...["SandboxID", "SandboxKey", "com.docker.network.bridge.name"],
]);

describe("the network commands of ctr and the real Docker Engine", () => {
  let engine: TestEngine;
  let real: RealDocker;
  let ours: Docker;

  before(async () => {
    // The version that both speak: newer ones show other fields.
    const options = { env: { ...process.env, DOCKER_API_VERSION: "1.41" } };
    [engine, real] = await Promise.all([TestEngine.start(), RealDocker.start(options)]);
    ours = (...argv) => engine.docker(argv, options);
  });
  after(async () => {
    await real?.[Symbol.asyncDispose]();
    await engine?.[Symbol.asyncDispose]();
  });

  const both = (argv: readonly string[]): Promise<[CommandResult, CommandResult]> =>
    Promise.all([real.docker(...argv), ours(...argv)]);

  for (const [index, command] of SCRIPT.entries()) {
    it(`say the same to docker ${command} (${index + 1})`, async () => {
      const [theirs, mine] = await both(argvOf(command));
      compare(mine, theirs);
    });
  }
});

/** Words of the script: what stands in quotes is one. */
function argvOf(command: string): string[] {
  return (command.match(/'[^']*'|"[^"]*"|\S+/g) ?? []).map((word) => word.replace(/^(['"])(.*)\1$/, "$2"));
}

function compare(mine: CommandResult, theirs: CommandResult): void {
  const [shown, expected] = [jsonOf(mine.stdout), jsonOf(theirs.stdout)];
  if (expected === undefined) {
    assert.deepEqual(comparable(inOrder(mine)), inNewerWords(comparable(inOrder(theirs))));
    return;
  }
  assert.equal(mine.exitCode, theirs.exitCode);
  const shape = shapeOf(expected);
  assert.deepEqual(within(shapeOf(shown), shape), shape);
}

/** The CLI of 20.10 lists a container's ports in another order each time. */
function inOrder(result: CommandResult): CommandResult {
  const lines = result.stdout.split("\n");
  const listsPorts = lines.every((line) => line === "" || line.includes(" -> "));
  return listsPorts ? { ...result, stdout: lines.toSorted().join("\n") } : result;
}

function inNewerWords(result: ReturnType<typeof comparable>): unknown[] {
  const translate = (text: string): string =>
    NEWER_WORDS.reduce((translated, [old, now]) => translated.replace(old, now), text);
  return result.map((part) => (typeof part === "string" ? translate(part) : part));
}

/** What `inspect` printed; undefined for anything else. */
function jsonOf(text: string): unknown {
  if (!/^[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

type Shape = string | number | boolean | null | readonly Shape[] | { readonly [key: string]: Shape };

/** The same with ids and own values made alike, and all that is empty as null: Go's empty maps and lists come as either. */
function shapeOf(value: unknown, field = ""): Shape {
  if (typeof value === "string")
    return OWN_VALUES.has(field) && value !== "" ? `<${field}>` : value.replace(ID, "<id>");
  if (typeof value !== "object" || value === null) return value as number | boolean | null;
  if (Object.keys(value).length === 0) return null;
  if (Array.isArray(value)) return value.map((entry) => shapeOf(entry, field));
  const fields = Object.entries(value).filter(([key]) => !NEWER_FIELDS.includes(key));
  return Object.fromEntries(fields.map(([key, entry]) => [key.replace(ID, "<id>"), shapeOf(entry, key)] as const));
}

const ID = /\b([0-9a-f]{64}|[0-9a-f]{12})\b/g;

/** Without the fields that `expected` does not have: newer Engines show more. */
function within(value: Shape, expected: Shape): Shape {
  if (isList(value) && isList(expected)) return value.map((entry, index) => within(entry, expected[index] ?? null));
  if (!isRecord(value) || !isRecord(expected)) return value;
  return Object.fromEntries(
    Object.keys(expected).flatMap((key) => {
      const [field, other] = [value[key], expected[key]];
      return field === undefined || other === undefined ? [] : [[key, within(field, other)] as const];
    }),
  );
}

const isList = (value: Shape): value is readonly Shape[] => Array.isArray(value);
const isRecord = (value: Shape): value is { readonly [key: string]: Shape } =>
  typeof value === "object" && value !== null && !isList(value);
