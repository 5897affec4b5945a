/**
 * A small service next to the load, and how long its answers take: a shell in a container that computes about a millisecond
 * for each line it is sent, asked again and again over the engine's own connection to it, which needs no network.
 */
import type { Socket } from "node:net";
import { FrameDecoder } from "../client/frames.ts";
import type { Latency, Point, Series } from "./report/types.ts";
import type { Resources } from "./resources.ts";
import type { LoadSession } from "./session.ts";

/** Counts to this number before it answers. */
const WORK = 400;
const SERVICE = `while read -r line; do i=0; while [ $i -lt ${WORK} ]; do i=$((i+1)); done; echo "$line"; done`;

/** Milliseconds between an answer and the next question. */
const PAUSE = 15;

/** An answer that takes longer counts as this long, and the next question goes out. */
const LONGEST = 5000;

interface Answer {
  /** Of the recording's clock, in seconds. */
  readonly at: number;
  readonly phase: string;
  readonly milliseconds: number;
}

export interface ProbeOptions {
  readonly resources: Resources;
  /** Seconds since the recording began. */
  readonly clock: () => number;
}

export class Probe {
  readonly #session: LoadSession;
  readonly #socket: Socket;
  readonly #clock: () => number;
  readonly #answers: Readonly<Record<Latency["of"], Answer[]>> = { service: [], engine: [] };
  #phase = "";
  #stopped = false;
  #asking: Promise<unknown> = Promise.resolve();
  #answered: () => void = () => {};

  private constructor(session: LoadSession, socket: Socket, clock: () => number) {
    this.#session = session;
    this.#socket = socket;
    this.#clock = clock;
    const decoder = new FrameDecoder((_stream, data) => {
      if (data.includes(NEWLINE)) this.#answered();
    });
    socket.on("data", (chunk: Buffer) => decoder.push(chunk));
    // The container may end before us: the rest of the questions has no answer.
    socket.on("error", () => this.#answered());
    socket.on("close", () => this.#answered());
  }

  static async start(session: LoadSession, { resources, clock }: ProbeOptions): Promise<Probe> {
    const container = await session.create(resources, {
      purpose: "service",
      command: ["sh", "-c", SERVICE],
      stdin: true,
    });
    const socket = await container.attach();
    await container.start();
    const probe = new Probe(session, socket, clock);
    // The first answer waits for the shell to start.
    await probe.#askService();
    return probe;
  }

  /** Counts answers from now on to this phase; the first one begins to ask. */
  set phase(phase: string) {
    const begins = this.#phase === "";
    this.#phase = phase;
    if (begins) this.#asking = Promise.all([this.#repeat("service"), this.#repeat("engine")]);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#asking;
    this.#socket.destroy();
  }

  latencies(): Latency[] {
    const phases = new Set(this.#answers.service.map(({ phase }) => phase));
    return [...phases].flatMap((phase) =>
      (["service", "engine"] as const).map((of) => {
        const times = this.#answers[of].filter((answer) => answer.phase === phase).map((one) => one.milliseconds);
        return { phase, of, ...summaryOf(times) };
      }),
    );
  }

  series(): Series[] {
    return (["service", "engine"] as const).map((of) => ({
      name: of === "service" ? "the service" : "the engine",
      points: this.#answers[of].map(({ at, milliseconds }): Point => [at, milliseconds]),
    }));
  }

  async #repeat(of: Latency["of"]): Promise<void> {
    while (!this.#stopped && !this.#session.signal.aborted && !this.#socket.destroyed) {
      await this.#ask(of);
      await this.#session.pause(of === "service" ? PAUSE : PAUSE * 4).catch(() => {});
    }
  }

  async #ask(of: Latency["of"]): Promise<void> {
    const phase = this.#phase;
    const begun = performance.now();
    await (of === "service" ? this.#askService() : this.#session.client.ping());
    this.#answers[of].push({ at: this.#clock(), phase, milliseconds: performance.now() - begun });
  }

  async #askService(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, LONGEST);
    this.#answered = resolve;
    this.#socket.write("ping\n");
    await promise;
    clearTimeout(timer);
  }
}

const NEWLINE = 10;

function summaryOf(times: readonly number[]): Omit<Latency, "phase" | "of"> {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}
