/**
 * `ctr` and the real docker CLI with the same arguments: both ask the engine for the same, and say the same where they
 * ask for nothing. The engine is a server that writes down what it is asked.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { runCommand } from "../../../lib/command.ts";
import { dockerVersion } from "../../support/docker-version.ts";

const root = join(import.meta.dirname, "../../..");

/** The flags are those of this version; older ones lack some. */
const LEAST_DOCKER = 28;

const CREATE: readonly string[] = [
  "",
  "--network front",
  "--network bridge",
  "--network none",
  "--network container:web",
  "--network container:",
  "--network front --ip 10.1.0.5 --ip6 fd00::5 --network-alias a --network-alias b --link-local-ip 169.254.1.1",
  "--network front --network back --mac-address 02:00:00:00:00:02",
  "--network front --network name=back,ip=10.2.0.2,gw-priority=5 --ip 10.1.0.1",
  "--network name=front,alias=a,alias=b,ip6=fd00::1,mac-address=02-00-00-00-00-02,driver-opt=a=b,driver-opt=c=d",
  '--network name=front,"driver-opt=a=b,c=d"',
  "--network front --network front",
  "--network front --network bridge",
  "--network front --network host",
  "--network=",
  "--network alias=front",
  "--network name=front,",
  "--network name=front,gw-priority=x",
  "--network name=front,mode=x",
  "--network name=front,mac-address=x",
  "--network name=front,ip=1.1.1.1 --ip 2.2.2.2",
  "--network name=front,alias=a --network-alias b",
  "--network-alias a",
  "--network container:web --network-alias a",
  "--mac-address x",
  "--ip 10.1.0.5",
  "--link db --link cache:fast",
  "--link db:data --network front",
  "--link db --network bridge",
  "--link a:b:c",
  "--link=",
  "--dns 127.0.0.1 --dns 8.8.8.8 --dns-search lan --dns-search . --dns-opt ndots:2",
  "--dns x",
  "--dns-search a_b",
  "--dns-search -a",
  "--add-host a:1.1.1.1 --add-host b=::1 --add-host c:[::2] --add-host d:host-gateway",
  "--add-host a",
  "--hostname box --domainname lan",
  "--expose 80 --expose 90-92/udp -P",
  "--expose x",
  "--expose 70000",
  "--expose 9-8",
  "--expose 80:80",
  ...["80", "8080:80/TCP", "127.0.0.1::80", ":80", "[::1]:8080:80", "::1:8080:80", "9000-9010:80"].map(
    (p) => `-p ${p}`,
  ),
  ...["9000-9001:90-91", "published=8080,target=80,protocol=udp", "8080:80/sctp", "0:80"].map((p) => `-p ${p}`),
  ...["9000-9001:90-92", "80/x", "1.2.3:80:80", "8080:x", "x:80", "8080:", "70000:80"].map((p) => `-p ${p}`),
].map((flags) => `create ${flags} busybox`.replace("  ", " "));

const NETWORK: readonly string[] = [
  "create front",
  "create -d macvlan -o parent=eth0 --opt macvlan_mode=bridge lan",
  "create --subnet 10.1.0.0/16,10.2.0.0/16 --gateway 10.2.0.1 --ip-range 10.1.1.0/24 --aux-address a=10.1.0.5 n",
  "create --subnet 10.1.0.0/16 --subnet fd00::/64 --gateway fd00::1 --ipv6 --ipv4=false --internal --attachable n",
  "create --subnet 0.0.0.0/24 --ipam-driver x --ipam-opt a=b --label c=d --label e --scope local n",
  "create --config-from a --config-only --ingress n",
  "create --subnet x n",
  "create --subnet 10.1.0.0/16 --subnet 10.1.2.0/24 n",
  "create --gateway 10.1.0.1 n",
  "create --subnet 10.2.0.0/16 --ip-range 10.1.0.0/24 n",
  "create --subnet 10.2.0.0/16 --ip-range x n",
  "create --subnet 10.2.0.0/16 --gateway 10.3.0.1 n",
  "create --subnet 10.2.0.0/16 --subnet 10.3.0.0/16 --gateway 10.2.0.1 --gateway 10.2.0.2 n",
  "create --subnet 10.2.0.0/16 --subnet 10.3.0.0/16 --ip-range 10.2.1.0/24 --ip-range 10.2.2.0/24 n",
  "create --subnet 10.2.0.0/16 --aux-address a=10.3.0.1 n",
  "create --label= n",
  "create",
  "create a b",
  "connect front web",
  "connect --ip 1.1.1.1 --ip6 ::1 --link a:b --link c --alias x,y --alias z --driver-opt a=b --gw-priority -3 front web",
  "connect --link-local-ip 169.254.1.1 front web",
  "connect --driver-opt a front web",
  "connect --link a:b:c front web",
  "connect --gw-priority x front web",
  "connect front",
  "disconnect -f front web",
  "disconnect front",
  "rm a missing b",
  "rm -f a missing b",
  "rm",
  "inspect missing",
  "prune -f --filter until=1h --filter label=x",
  "prune --filter x",
  "prune",
].map((command) => `network ${command}`);

interface Asked {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly requests: readonly string[];
}

describe("ctr and the docker CLI ask for the same", () => {
  let directory: string;
  let engines: { readonly docker: RecordingServer; readonly ctr: RecordingServer };

  before(async function () {
    if ((await dockerVersion()) < LEAST_DOCKER) this.skip();
    directory = mkdtempSync(join(tmpdir(), "ctr-requests-"));
    engines = {
      docker: await RecordingServer.start(join(directory, "docker.sock")),
      ctr: await RecordingServer.start(join(directory, "ctr.sock")),
    };
  });
  after(() => {
    engines?.docker.close();
    engines?.ctr.close();
    if (directory !== undefined) rmSync(directory, { recursive: true });
  });

  for (const command of [...CREATE, ...NETWORK, "rm --link web/db", "rm -f -v web"]) {
    it(`with ${command}`, async () => {
      const argv = command.split(" ");
      const [theirs, ours] = await Promise.all([
        engines.docker.asked(["docker", ...argv]),
        engines.ctr.asked([join(root, "bin/ctr"), ...argv]),
      ]);
      assert.deepEqual(ours, theirs);
    });
  }
});

class RecordingServer {
  readonly #server: Server;
  readonly #socket: string;
  #requests: string[] = [];

  private constructor(server: Server, socket: string) {
    this.#server = server;
    this.#socket = socket;
  }

  static async start(socket: string): Promise<RecordingServer> {
    const server = createServer();
    const recording = new RecordingServer(server, socket);
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      recording.#answer(request, response).catch((error: unknown) => {
        response.statusCode = 500;
        response.end(JSON.stringify({ message: String(error) }));
      });
    });
    server.listen(socket);
    await once(server, "listening");
    return recording;
  }

  /** Runs a client, and tells what it asked for and said, without its own name. */
  async asked(argv: readonly [string, ...string[]]): Promise<Asked> {
    this.#requests = [];
    const host = `unix://${this.#socket}`;
    const { exitCode, stdout, stderr } = await runCommand(argv, {
      env: { ...process.env, DOCKER_HOST: host, CTR_HOST: host },
      input: "",
      timeout: 30_000,
      expect: [0, 1, 125],
    });
    return { exitCode, stdout: nameless(stdout), stderr: nameless(stderr), requests: this.#requests.toSorted() };
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? "").replace(/^\/v\d\.\d+/, "");
    const body = await text(request);
    response.setHeader("Api-Version", "1.50");
    if (path === "/_ping") return void response.end("OK");
    const [status, answer] = answerTo(request.method ?? "", path);
    // docker asks for a network before it removes it, and with `v`, only to refuse swarm's own.
    if (request.method !== "GET") {
      this.#requests.push(`${request.method} ${withSortedFilters(path)} ${JSON.stringify(essence(body))}`);
    }
    response.statusCode = status;
    response.setHeader("Content-Type", "application/json");
    response.end(status === 204 ? undefined : JSON.stringify(answer));
  }
}

function answerTo(method: string, path: string): readonly [status: number, body: object] {
  if (path.includes("missing")) return [404, { message: "network missing not found" }];
  if (path.startsWith("/networks/prune")) return [200, { NetworksDeleted: ["one", "two"] }];
  if (method === "DELETE") return [204, {}];
  return [path.endsWith("create") ? 201 : 200, { Id: "a".repeat(64), Warnings: [], Warning: "" }];
}

/** Only what differs from nothing: docker's client sends every field of its types. */
function essence(body: string): unknown {
  const value = body === "" ? {} : withoutEmpty(JSON.parse(body));
  const { HostConfig, NetworkingConfig, ...rest } = (value ?? {}) as Record<string, Record<string, unknown>>;
  if (HostConfig === undefined) return sorted(rest);
  // An absent swappiness is −1 to docker's client; a network about which nothing is said needs no entry.
  const { MemorySwappiness: _, ...host } = HostConfig;
  const endpoints = Object.entries(NetworkingConfig?.["EndpointsConfig"] ?? {});
  const named = endpoints.map(([name, settings]) => [name === "default" ? "bridge" : name, settings ?? {}] as const);
  return sorted({ ...rest, HostConfig: host, endpoints: Object.fromEntries(named) });
}

function withoutEmpty(value: unknown): unknown {
  if (value === null || value === "" || value === 0 || value === false) return undefined;
  if (Array.isArray(value)) {
    return value.some((one) => one !== 0) && value.length > 0
      ? value.map((one) => withoutEmpty(one) ?? null)
      : undefined;
  }
  if (typeof value !== "object") return value;
  const entries = Object.entries(value).flatMap(([key, one]) => {
    const kept = key === "EndpointsConfig" ? endpointsIn(one) : withoutEmpty(one);
    return kept === undefined ? [] : [[key, kept] as const];
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** Their names count also where nothing else is said, if there are several. */
function endpointsIn(endpoints: Readonly<Record<string, unknown>>): unknown {
  const entries = Object.entries(endpoints).map(([name, settings]) => [name, withoutEmpty(settings)] as const);
  return entries.every(([, settings]) => settings === undefined) && entries.length < 2
    ? undefined
    : Object.fromEntries(entries.map(([name, settings]) => [name, settings ?? {}]));
}

function sorted(value: unknown): unknown {
  // docker's client sends subnets in an order of chance.
  if (Array.isArray(value) && value.every((one) => typeof one === "object")) {
    return value.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([key, one]) => [key, sorted(one)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function withSortedFilters(path: string): string {
  const [, before = "", filters] = /^(.*\?filters=)(.*)$/.exec(path) ?? [];
  return filters === undefined ? path : before + JSON.stringify(sorted(JSON.parse(decodeURIComponent(filters))));
}

/** Texts without the program's name, empty lines, hints of ours, and what docker's plumbing adds. */
const nameless = (output: string): string =>
  output
    .replace(/^(?:write \[hostIp.*|exit status 1)$/gm, "")
    .replace(/\b(?:docker|ctr)\b/g, "PROGRAM")
    .replace(/\n+/g, "\n")
    .trim();
