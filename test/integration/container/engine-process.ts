/**
 * An engine in a process of its own, which a test can kill. It takes calls as lines of JSON on its input and answers on
 * its output; {@link EngineProcess} is the other end. Started with CTR_TEST_CRASH it kills itself after that step.
 */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { DockerResources } from "../../../cgroups/index.ts";
import { toCtrError } from "../../../lib/errors.ts";
import type { Logger } from "../../../lib/log.ts";
import type { NetworkRequest } from "../../../netns/index.ts";
import type { PortBindings, PortChoice } from "../../../runtime/container/index.ts";
import { type Attachment, type ContainerCreateRequest, type EndpointSettings, Engine } from "../../../runtime/index.ts";
import { StreamAttachment } from "../../../runtime/monitor/attachment.ts";

export interface RunResult {
  readonly id: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

const [dataRoot = "", execRoot = ""] = process.argv.slice(2);
const write = (level: string) => (text: string, fields?: object) => console.error(level, text, fields ?? "");
const logger: Logger = {
  debug() {},
  info() {},
  warn: write("warn"),
  error: write("error"),
};
const crashAt = process.env["CTR_TEST_CRASH"];

const engine = await Engine.open({
  dataRoot,
  execRoot,
  logger,
  network: {},
  step: (step) => {
    if (step === crashAt) process.kill(process.pid, "SIGKILL");
  },
});
const { containers } = engine;
const events: string[] = [];
engine.events.subscribe(({ Type, Action, Actor }) => {
  events.push([Type, Action, Actor.Attributes["exitCode"]].filter((part) => part !== undefined).join(" "));
});

let stalled: Attachment | undefined;

const text = (chunks: readonly { readonly stream: string; readonly data: Buffer }[], stream: string): string =>
  Buffer.concat(chunks.filter((chunk) => chunk.stream === stream).map(({ data }) => data)).toString();

async function outputOf(attachment: Attachment, input?: string): Promise<{ stdout: string; stderr: string }> {
  if (input !== undefined) {
    void attachment.write(Buffer.from(input));
    attachment.endInput();
  }
  const chunks = await Array.fromAsync(attachment.output);
  return { stdout: text(chunks, "stdout"), stderr: text(chunks, "stderr") };
}

/** What a test can call besides the methods of `containers`. */
const calls = {
  async load(path: string): Promise<void> {
    await engine.images.load(createReadStream(path), { progress: () => {} });
  },
  /** As `docker run`: create, attach, start, wait. */
  async run(request: ContainerCreateRequest, input?: string, name?: string): Promise<RunResult> {
    const { id } = await containers.create({ Image: "busybox", ...request }, name === undefined ? {} : { name });
    const attachment = await containers.attach(id, {
      stdin: input !== undefined,
      stdout: true,
      stderr: true,
    });
    const output = outputOf(attachment, input);
    const ended = containers.wait(id, request.HostConfig?.AutoRemove === true ? "removed" : "next-exit");
    await containers.start(id);
    return { id, ...(await output), exitCode: (await ended).exitCode };
  },
  async exec(
    reference: string,
    command: readonly string[],
    input?: string,
    resources: DockerResources = {},
  ): Promise<RunResult> {
    const streams = {
      AttachStdin: input !== undefined,
      AttachStdout: true,
      AttachStderr: true,
    };
    const id = containers.createExec(reference, { Cmd: command, Resources: resources, ...streams });
    const attachment = await containers.startExec(id, { detach: false });
    if (attachment === undefined) throw new Error("an attached exec has no streams");
    const output = await outputOf(attachment, input);
    while (containers.inspectExec(id).running) await new Promise((resolve) => setTimeout(resolve, 5));
    return {
      id,
      ...output,
      exitCode: containers.inspectExec(id).exitCode ?? Number.NaN,
    };
  },
  async converse(reference: string, input: string): Promise<string> {
    const attachment = await containers.attach(reference, {
      stdin: true,
      stdout: true,
    });
    await attachment.write(Buffer.from(input));
    for await (const { data } of attachment.output) {
      attachment.close();
      return data.toString();
    }
    return "";
  },
  /** A client that reads nothing. */
  async stall(reference: string): Promise<void> {
    stalled = await containers.attach(reference, { stdout: true });
  },
  /** Bytes that wait for it. */
  stalledBytes: (): number => (stalled instanceof StreamAttachment ? stalled.waitingBytes : 0),
  async logText(reference: string, options: { readonly follow?: boolean; readonly tail?: number }): Promise<string> {
    const entries = await Array.fromAsync(containers.logs(reference, options));
    return entries.map(({ data }) => data.toString()).join("");
  },
  async createNetwork(request: NetworkRequest): Promise<string> {
    return (await engine.networks.create(request)).network.id;
  },
  removeNetwork: (reference: string) => engine.networks.remove(reference),
  connect: (reference: string, network: string, settings: EndpointSettings) =>
    containers.networks.connect(reference, network, settings),
  disconnect: (reference: string, network: string) => containers.networks.disconnect(reference, network),
  publish: (reference: string, bindings: PortBindings) => containers.networks.publish(reference, bindings),
  unpublish: (reference: string, ports: readonly PortChoice[]) => containers.networks.unpublish(reference, ports),
  endpoints: (reference: string) => engine.network.endpointsOfContainer(containers.find(reference).id),
  differences: () => engine.network.repair({ dryRun: true }),
  limitGroup: (name: string, resources: DockerResources, unset?: readonly string[]) =>
    engine.limitGroups.set(name, resources, unset),
  limitGroups: () => engine.limitGroups.list(),
  groupLimits: (name: string) => engine.limitGroups.limits(name),
  removeLimitGroup: (name: string) => engine.limitGroups.remove(name),
  groupPath: (reference: string): string => {
    const { id } = containers.find(reference);
    return containers.cgroupsOf(id).pathOf(id);
  },
  events: (): readonly string[] => events.splice(0),
  pid: (): number => process.pid,
  engineId: (): string => engine.info().id,
  version: () => engine.version(),
  async close(): Promise<void> {
    await engine[Symbol.asyncDispose]();
    setImmediate(() => process.exit(0));
  },
};

type Callable = Record<string, (...args: readonly unknown[]) => unknown>;

async function answer(line: string): Promise<void> {
  const { call, method, args } = JSON.parse(line) as {
    call: number;
    method: string;
    args: readonly unknown[];
  };
  const given = args.map((argument) => argument ?? undefined);
  try {
    const target = (method in calls ? calls : containers) as unknown as Callable;
    const result = await target[method]?.(...given);
    console.log(JSON.stringify({ call, result }));
  } catch (error) {
    const { message, status, code } = toCtrError(error);
    console.log(JSON.stringify({ call, error: { message, status, code } }));
  }
}

createInterface({ input: process.stdin }).on("line", (line) => void answer(line));
console.log(JSON.stringify({ call: 0 }));
