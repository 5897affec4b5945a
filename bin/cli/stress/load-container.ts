/** One container of a measurement: what runs in it, and its group's counters. */
import type { Socket } from "node:net";
import type { GroupSignals, GroupStats, LimitField, LimitReading } from "../../../cgroups/index.ts";
import { hasCode } from "../../../lib/errors.ts";
import { FrameDecoder } from "../client/frames.ts";
import type { ContainerLimits } from "../client/types.ts";
import { EngineError } from "../errors.ts";
import type { LoadSession } from "./session.ts";

/** Counters and limits at one moment. */
export interface Sample {
  /** Milliseconds of our own clock, halfway between question and answer. */
  readonly time: number;
  readonly stats: GroupStats;
  readonly limits: readonly LimitReading[];
  readonly signals: GroupSignals | undefined;
}

export interface ExecResult {
  readonly exitCode: number;
  /** Of both streams. */
  readonly output: string;
}

export class LoadContainer implements AsyncDisposable {
  readonly id: string;
  readonly name: string;
  readonly #session: LoadSession;

  constructor(session: LoadSession, id: string, name: string) {
    this.#session = session;
    this.id = id;
    this.name = name;
  }

  async start(): Promise<void> {
    await this.#session.client.post(`/containers/${this.id}/start`);
  }

  /** @throws {EngineError} 404 or 409 once the container has ended */
  async sample(): Promise<Sample> {
    const before = performance.now();
    const { Stats, Limits, Signals } = await this.#session.client.get<ContainerLimits>(
      `/ctr/containers/${this.id}/limits`,
    );
    return { time: (before + performance.now()) / 2, stats: Stats, limits: Limits, signals: Signals };
  }

  /** Runs a program beside the first and waits for its end. */
  async exec(argv: readonly string[]): Promise<ExecResult> {
    const { client, signal } = this.#session;
    const { Id } = await client.post<{ readonly Id: string }>(`/containers/${this.id}/exec`, {
      body: { Cmd: argv, AttachStdout: true, AttachStderr: true },
    });
    const socket = await client.hijack(`/exec/${Id}/start`, { body: { Detach: false, Tty: false } });
    const close = (): void => void socket.destroy();
    signal.addEventListener("abort", close, { once: true });
    const output = await readFrames(socket);
    signal.removeEventListener("abort", close);
    signal.throwIfAborted();
    const { ExitCode } = await client.get<{ readonly ExitCode: number | null }>(`/exec/${Id}/json`);
    return { exitCode: ExitCode ?? 0, output };
  }

  /** Starts a program beside the first, and leaves it to itself. */
  async spawn(argv: readonly string[]): Promise<void> {
    const { client } = this.#session;
    const body = { Cmd: argv, AttachStdout: false, AttachStderr: false };
    const { Id } = await client.post<{ readonly Id: string }>(`/containers/${this.id}/exec`, { body });
    await client.post(`/exec/${Id}/start`, { body: { Detach: true, Tty: false } });
  }

  /** The container's own output and input, as one connection. */
  attach(): Promise<Socket> {
    const query = { stream: 1, stdin: 1, stdout: 1 };
    return this.#session.client.hijack(`/containers/${this.id}/attach`, { query });
  }

  async isRunning(): Promise<boolean> {
    try {
      const { State } = await this.#session.client.get<{ readonly State: { readonly Running: boolean } }>(
        `/containers/${this.id}/json`,
      );
      return State.Running;
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#session.client.json("DELETE", `/containers/${this.id}`, { query: { force: 1, v: 1 } });
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
}

/** It ended by itself, and AutoRemove was faster; or is at it. */
export const isGone = (error: unknown): boolean =>
  error instanceof EngineError && (error.status === 404 || error.status === 409);

export const readingOf = ({ limits }: Sample, field: LimitField): LimitReading | undefined =>
  limits.find(({ limit }) => limit === field);

async function readFrames(socket: Socket): Promise<string> {
  const parts: Buffer[] = [];
  const decoder = new FrameDecoder((_stream, data) => void parts.push(data));
  socket.end();
  try {
    for await (const chunk of socket) decoder.push(chunk as Buffer);
  } catch (error) {
    if (!hasCode(error, "ECONNRESET", "EPIPE", "ERR_STREAM_PREMATURE_CLOSE")) throw error;
  }
  return Buffer.concat(parts).toString();
}
