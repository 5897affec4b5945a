/** An engine without a kernel: containers that echo, for the tests of the HTTP layer. */
import { NO_STATS } from "../../../cgroups/index.ts";
import { conflict, notFound, notModified } from "../../../lib/errors.ts";
import type { ApiEngine } from "../../../runtime/api/engine-face.ts";
import type { ExecState } from "../../../runtime/container/index.ts";
import { EventBus } from "../../../runtime/events.ts";
import { LimitEvents } from "../../../runtime/limits/watch-events.ts";
import { Sampler } from "../../../runtime/metrics/index.ts";
import type { Attachment, LogEntry, OutputChunk } from "../../../runtime/monitor/index.ts";
import type { Container, ContainerCreateRequest } from "../../../runtime/types.ts";
import { BRIDGE, container, ENDPOINT, FRONT, GRANT, image } from "./records.ts";

/** Says `greeting` on both streams, then echoes its input until that ends or the client leaves. */
export class EchoAttachment implements Attachment {
  readonly tty: boolean;
  readonly waitingBytes = 0;
  closed = false;
  #chunks: OutputChunk[];
  #wake = Promise.withResolvers<void>();
  #ended = false;

  constructor(tty: boolean, greeting: readonly OutputChunk[]) {
    this.tty = tty;
    this.#chunks = [...greeting];
  }

  get output(): AsyncIterable<OutputChunk> {
    return this.#read();
  }

  async write(data: Buffer): Promise<void> {
    this.#chunks.push({ stream: "stdout", data });
    this.#wake.resolve();
  }

  endInput(): void {
    this.#ended = true;
    this.#wake.resolve();
  }

  close(): void {
    this.closed = true;
    this.endInput();
  }

  async *#read(): AsyncGenerator<OutputChunk> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) yield chunk;
      else if (this.#ended) return;
      else {
        await this.#wake.promise;
        this.#wake = Promise.withResolvers();
      }
    }
  }
}

export interface MemoryEngine extends ApiEngine {
  readonly known: Container[];
  /** What was asked of the network: method and arguments. */
  readonly calls: unknown[][];
  readonly created: ContainerCreateRequest[];
  readonly attachments: EchoAttachment[];
  readonly events: EventBus;
  /** Ends the container for those who wait. */
  readonly exit: PromiseWithResolvers<{ exitCode: number }>;
  /** Makes the exit code of execs known. */
  readonly execExit: PromiseWithResolvers<void>;
  /** Log entries; a follower waits for its signal after them. */
  readonly log: LogEntry[];
}

/** Of a container that has ended just now. */
const noGroup = (): never => {
  throw notFound("no such cgroup", "CTR_CGROUP_NOT_FOUND");
};

const noVolume = (): never => {
  throw notFound("get data: no such volume", "CTR_VOLUME_NOT_FOUND");
};

const GROUP = { name: "shop", path: "/ctr/shop.group", resources: { Memory: 1 << 26 }, containers: [] };

const GREETING: readonly OutputChunk[] = [
  { stream: "stdout", data: Buffer.from("out\n") },
  { stream: "stderr", data: Buffer.from("err\n") },
];

export function memoryEngine(): MemoryEngine {
  const calls: unknown[][] = [];
  const known = [container({ config: { OpenStdin: true } })];
  const created: ContainerCreateRequest[] = [];
  const attachments: EchoAttachment[] = [];
  const log: LogEntry[] = [];
  const exit = Promise.withResolvers<{ exitCode: number }>();
  const execs = new Map<string, ExecState>();
  const execExit = Promise.withResolvers<void>();

  const find = (ref: string): Container => {
    const found = known.find(({ id, name }) => id === ref || name === ref);
    if (found === undefined) throw notFound(`No such container: ${ref}`, "CTR_CONTAINER_NOT_FOUND");
    return found;
  };
  const attach = (tty: boolean): EchoAttachment => {
    const attachment = new EchoAttachment(tty, GREETING);
    attachments.push(attachment);
    return attachment;
  };
  const inspectExec = (id: string): ExecState => {
    const state = execs.get(id);
    if (state === undefined) throw notFound(`No such exec instance: ${id}`, "CTR_EXEC_NOT_FOUND");
    return state;
  };
  const nothing = async (ref: string): Promise<void> => void find(ref);

  return {
    calls,
    execExit,
    known,
    created,
    attachments,
    exit,
    log,
    events: new EventBus(),
    volumes: {
      list: () => [],
      find: noVolume,
      ensure: noVolume,
      remove: noVolume,
      prune: async () => ({ names: [], bytes: 0 }),
      isUsed: () => false,
    },
    sampler: new Sampler({
      containers: {
        list: () => known,
        cgroupsOf: () => ({
          someStats: noGroup,
          signals: noGroup,
          pressure: noGroup,
          waited: noGroup,
          kernelStats: noGroup,
        }),
      },
      cablesOf: () => [],
    }),
    containers: {
      async create(request) {
        created.push(request);
        return { id: find("web").id, warnings: ["careful"] };
      },
      start: async () => {
        throw notModified("container already started", "CTR_CONTAINER_RUNNING");
      },
      stop: nothing,
      restart: nothing,
      kill: nothing,
      pause: nothing,
      unpause: nothing,
      remove: nothing,
      rename: nothing,
      removeLink: (reference) => void calls.push(["removeLink", reference]),
      linksOf: () => [],
      linkNames: () => new Map(),
      networkFilesOf: () => ({ hostnamePath: "/c/hostname", hostsPath: "/c/hosts", resolvConfPath: "/c/resolv.conf" }),
      insight: {
        async explain(reference) {
          const { id, name, status } = find(reference);
          const nothing = { verdicts: [], looked: [], processes: [], notes: [] };
          return { id, name, status, headline: `${name} is well.`, ...nothing };
        },
        async *advise(reference, seconds) {
          find(reference);
          yield { progress: { seconds: 0, of: seconds, samples: 1 } };
        },
        events: new LimitEvents(),
      },
      networks: {
        connect: async (...args) => void calls.push(["connect", ...args]),
        async disconnect(reference, ...args) {
          find(reference);
          calls.push(["disconnect", reference, ...args]);
        },
        async publish(...args) {
          calls.push(["publish", ...args]);
          return [{ protocol: "tcp", containerPort: 80, hostIp: "::", hostPort: 81, policy: "loopback" }];
        },
        async unpublish(...args) {
          calls.push(["unpublish", ...args]);
          return [];
        },
        shape: async (...args) => void calls.push(["shape", ...args]),
      },
      find,
      list: () => known,
      wait: () => exit.promise,
      async *logs(_ref, { follow, signal } = {}) {
        yield* log;
        if (!follow || signal === undefined) return;
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
      },
      attach: async (ref) => attach(find(ref).config.Tty ?? false),
      resize: nothing,
      usersOf: () => ({ all: [], running: [] }),
      writableSize: async () => 10,
      execsOf: () => [...execs.keys()],
      limits: () => [],
      async update(reference, request) {
        calls.push(["update", find(reference).name, request]);
        return { warnings: ["careful"], changes: [{ limit: "memory", before: "max", after: "64MiB" }] };
      },
      repairLimits: async () => [],
      cgroupsOf(): never {
        throw new Error("the memory engine has no groups");
      },
      stats: () => {
        throw conflict("not running", "CTR_CONTAINER_NOT_RUNNING");
      },
      createExec(ref, request) {
        const id = `exec${execs.size}`;
        execs.set(id, { id, containerId: find(ref).id, running: false, exitCode: null, pid: 0, request });
        return id;
      },
      async startExec(id, { detach }) {
        const state = inspectExec(id);
        if (state.request.Cmd[0] === "nosuch") {
          execs.set(id, { ...state, exitCode: 127 });
          throw conflict('exec: "nosuch": executable file not found in $PATH', "CTR_COMMAND_NOT_FOUND");
        }
        return detach ? undefined : attach(state.request.Tty ?? false);
      },
      inspectExec,
      async execEnded(id) {
        await execExit.promise;
        execs.set(id, { ...inspectExec(id), exitCode: 6 });
      },
      resizeExec: () => {},
    },
    images: {
      async pull(reference, { progress }) {
        if (reference.startsWith("absent")) throw notFound(`manifest for ${reference} not found`, "CTR_NOT_FOUND");
        progress({ status: "Pulling fs layer", id: "abc" });
        if (reference.startsWith("broken")) throw conflict("digest mismatch", "CTR_DIGEST_MISMATCH");
        return image();
      },
      async load(input, { progress }) {
        for await (const _ of input) progress({ status: "Loading layer", id: "abc" });
        return [image()];
      },
      async import(input) {
        for await (const _ of input);
        return image();
      },
      list: () => [image()],
      find(reference) {
        if (reference !== "busybox" && reference !== "team/app:1") {
          throw notFound(`No such image: ${reference}`, "CTR_IMAGE_NOT_FOUND");
        }
        return image();
      },
      tag: () => {},
      remove: async () => [{ Untagged: "busybox:latest" }],
    },
    network: {
      networks: () => [BRIDGE, FRONT],
      findNetwork(reference) {
        const found = [BRIDGE, FRONT].find(({ name, id }) => reference === name || reference === id);
        if (found === undefined) throw notFound(`network ${reference} not found`, "CTR_NETWORK_NOT_FOUND");
        return found;
      },
      endpointsOfNetwork: (id) => (id === BRIDGE.id ? [ENDPOINT] : []),
      endpointsOfContainer: () => [ENDPOINT],
      sandboxOf: () => undefined,
      grants: () => [GRANT],
      explainName: async (_id, name, type = "A") => ({ name, type, steps: [] }),
      rules: async () => {
        throw notFound("no firewall here", "CTR_NOT_FOUND");
      },
      traffic: () => [],
      repair: async (options) => {
        calls.push(["repair", options]);
        return [];
      },
      warnings: () => [],
    },
    networks: {
      async create(request) {
        calls.push(["create", request]);
        return { network: FRONT, warnings: ["a", "b"] };
      },
      remove: async (reference) => void calls.push(["remove", reference]),
      async prune(networks) {
        calls.push(["prune", networks.map(({ name }) => name)]);
        return networks.map(({ name }) => name);
      },
      allow(grant) {
        calls.push(["allow", grant]);
        return GRANT;
      },
      deny: ({ port }) => port === GRANT.port,
    },
    limitGroups: {
      list: () => [GROUP],
      find: () => GROUP,
      limits: () => [],
      stats: () => NO_STATS,
      set(...args) {
        calls.push(["limitGroup", ...args]);
        return [];
      },
      remove: (name) => void calls.push(["removeLimitGroup", name]),
      repair: () => [],
    },
    cgroups: {
      processes: () => [],
      get host(): never {
        throw new Error("the memory engine has no host");
      },
    },
    version: () => ({ version: "1.2.3", gitCommit: "abc", buildTime: "", runtime: { name: "runc", version: "1.1.5" } }),
    info: () => ({
      id: "engine",
      dataRoot: "/data",
      execRoot: "/run/data",
      seccomp: true,
      cgroupDriver: "cgroupfs",
      insecureRegistries: [],
      firewallBackend: "nftables",
      debug: false,
      hosts: [],
    }),
  };
}
