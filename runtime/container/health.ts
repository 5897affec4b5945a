/**
 * Looks at the health of containers that asked for it, by running a program in them from time to time. A container without
 * a health check costs one look at its configuration when it starts.
 */
import { messageOf } from "../../lib/errors.ts";
import { signalProcess } from "../../lib/system/process.ts";
import { formatDuration } from "../../lib/units/duration.ts";
import type { EngineEvent } from "../events.ts";
import type { Attachment } from "../monitor/index.ts";
import type { Container, Health, HealthResult } from "../types.ts";
import { emitContainer, now } from "./describe.ts";
import type { Execs } from "./execs.ts";
import { type HealthCheck, healthAfter, healthAtRest, healthAtStart, healthCheckOf, nextLook } from "./health-check.ts";
import type { Parts } from "./parts.ts";

/** Bytes of a check's output that are kept, as Docker keeps. */
const MAX_OUTPUT = 4096;
/** The longest that Node's timers can wait, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The checks of one run of a container. */
interface Watch {
  readonly id: string;
  readonly check: HealthCheck;
  timer: NodeJS.Timeout | undefined;
}

export class HealthChecks implements Disposable {
  readonly #parts: Pick<Parts, "records" | "events" | "logger">;
  readonly #execs: Execs;
  readonly #watches = new Map<string, Watch>();
  readonly #unsubscribe: () => void;

  /** Looks at containers from their start on. */
  constructor(parts: Pick<Parts, "records" | "events" | "logger">, execs: Execs) {
    this.#parts = parts;
    this.#execs = execs;
    this.#unsubscribe = parts.events.subscribe((event) => this.#follow(event));
  }

  /** For an engine that takes over: containers that run already keep the health they have. */
  resume(): void {
    for (const { container } of this.#parts.records.all()) {
      if (container.status === "running") this.#begin(container, container.health ?? healthAtStart(undefined));
    }
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
    for (const { timer } of this.#watches.values()) clearTimeout(timer);
    this.#watches.clear();
  }

  #follow({ Type, Action, Actor }: EngineEvent): void {
    if (Type !== "container") return;
    const container = this.#parts.records.get(Actor.ID)?.container;
    if (container === undefined) return;
    if (Action === "start") this.#begin(container, healthAtStart(container.health));
    else if (Action === "unpause") this.#begin(container, container.health ?? healthAtStart(undefined));
    else if (Action === "pause" || Action === "die") this.#rest(container);
  }

  #begin({ id, config }: Container, health: Health): void {
    const check = healthCheckOf(config);
    if (check === undefined) return;
    this.#parts.records.update(id, { health });
    const watch: Watch = { id, check, timer: undefined };
    this.#watches.set(id, watch);
    this.#schedule(watch);
  }

  #rest({ id, health }: Container): void {
    const watch = this.#watches.get(id);
    if (watch === undefined || health === undefined) return;
    clearTimeout(watch.timer);
    this.#watches.delete(id);
    this.#parts.records.update(id, { health: healthAtRest(health) });
  }

  #schedule(watch: Watch): void {
    const { id, check } = watch;
    const { health = healthAtStart(undefined), startedAt } = this.#parts.records.find(id).container;
    const wait = Math.min(nextLook(health, check, startedAt, Date.now()), LONGEST_TIMER);
    watch.timer = setTimeout(() => void this.#look(watch), wait).unref();
  }

  async #look(watch: Watch): Promise<void> {
    const { id, check } = watch;
    const result = await this.#probe(id, check);
    const container = this.#parts.records.get(id)?.container;
    // It ended or was paused meanwhile: what the program said of it does not count.
    if (this.#watches.get(id) !== watch || container === undefined) return;
    const before = container.health ?? healthAtStart(undefined);
    const health = healthAfter(before, check, result, container.startedAt);
    const { container: changed } = this.#parts.records.update(id, { health });
    if (health.status !== before.status) emitContainer(this.#parts, `health_status: ${health.status}`, changed);
    this.#schedule(watch);
  }

  async #probe(id: string, { command, timeout }: HealthCheck): Promise<HealthResult> {
    const start = now();
    const { exitCode, output } = await this.#run(id, command, timeout).catch((error: unknown) => ({
      exitCode: -1,
      output: messageOf(error),
    }));
    return { start, end: now(), exitCode, output };
  }

  async #run(
    id: string,
    command: readonly string[],
    timeout: number,
  ): Promise<Pick<HealthResult, "exitCode" | "output">> {
    const execId = this.#execs.create(
      this.#parts.records.find(id).container,
      { Cmd: command, AttachStdout: true, AttachStderr: true },
      id,
    );
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(resolve, Math.min(timeout, LONGEST_TIMER), "late").unref();
    });
    try {
      const attachment = await this.#execs.start(execId, { detach: false });
      if (attachment === undefined) throw new TypeError("an exec without streams");
      const output = new Output();
      const done = output.read(attachment).then(() => this.#execs.ended(execId));
      if ((await Promise.race([done, late])) !== "late") {
        return { exitCode: this.#execs.inspect(execId).exitCode ?? -1, output: output.text };
      }
      signalProcess(this.#execs.inspect(execId).pid, "SIGKILL");
      attachment.close();
      const said = output.text === "" ? "" : `: ${output.text}`;
      return { exitCode: -1, output: `Health check exceeded timeout (${formatDuration(timeout)})${said}` };
    } finally {
      clearTimeout(timer);
      this.#execs.drop(execId);
    }
  }
}

/** What a check printed, its beginning. */
class Output {
  readonly #chunks: Buffer[] = [];
  #length = 0;

  /** Resolves at the end of the output. */
  async read({ output }: Attachment): Promise<void> {
    for await (const { data } of output) {
      if (this.#length <= MAX_OUTPUT) this.#chunks.push(data);
      this.#length += data.length;
    }
  }

  get text(): string {
    const all = Buffer.concat(this.#chunks);
    return this.#length <= MAX_OUTPUT ? all.toString() : `${all.subarray(0, MAX_OUTPUT - 3).toString()}...`;
  }
}
