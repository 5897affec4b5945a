/** Containers that exist for a measurement. None outlives it, whatever ends it. */
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "../client/client.ts";
import { CliError } from "../errors.ts";
import { stressImage } from "./image.ts";
import { LoadContainer } from "./load-container.ts";
import { type Resources, without } from "./resources.ts";

/** On every container of ours; its value is the purpose. */
export const STRESS_LABEL = "ctr.stress";

export interface StartOptions {
  /** In the container's name. */
  readonly purpose: string;
  /** Program and arguments; a sleep by default, beside which load is run. */
  readonly command?: readonly string[];
  /** The first process reads what is written to it. */
  readonly stdin?: boolean;
  /** Name of the network that it is on; none by default, and then no rate either. */
  readonly network?: string;
}

/** Seconds after which a container ends by itself, when the one who should end it was killed. */
const LIFE_SPAN = 600;

/** What shells give for a program that Ctrl-C ended. */
const INTERRUPTED = 130;

export class LoadSession implements AsyncDisposable {
  readonly client: Client;
  readonly image: string;
  readonly #containers: LoadContainer[] = [];
  readonly #groups: string[] = [];
  readonly #aborter = new AbortController();
  readonly #interrupt = (): void => this.#aborter.abort(new CliError("", INTERRUPTED));

  private constructor(client: Client, image: string) {
    this.client = client;
    this.image = image;
    for (const signal of SIGNALS) process.on(signal, this.#interrupt);
  }

  /** @param tell called with a line when the image has to be made first */
  static async open(client: Client, tell: (line: string) => void): Promise<LoadSession> {
    await client.ping();
    return new LoadSession(client, await stressImage(client, tell));
  }

  /** Aborted by Ctrl-C, with what is to be thrown as its reason. */
  get signal(): AbortSignal {
    return this.#aborter.signal;
  }

  /** Starts a container under these limits. It is removed when the session is disposed of, if not before. */
  async start(resources: Resources, options: StartOptions): Promise<LoadContainer> {
    const container = await this.create(resources, options);
    await container.start();
    return container;
  }

  /** The same, for one that is attached to before its start. */
  async create(resources: Resources, options: StartOptions): Promise<LoadContainer> {
    this.signal.throwIfAborted();
    const { purpose, command = ["sleep", String(LIFE_SPAN)], stdin = false, network } = options;
    const limits = network === undefined ? without(resources, "NetworkRate") : resources;
    const name = `stress-${purpose}-${randomBytes(3).toString("hex")}`;
    const { Id } = await this.client.post<{ readonly Id: string }>("/containers/create", {
      query: { name },
      body: {
        Image: this.image,
        Cmd: command,
        Labels: { [STRESS_LABEL]: purpose },
        ...(stdin ? { OpenStdin: true, StdinOnce: true, AttachStdin: true, AttachStdout: true } : {}),
        HostConfig: { ...limits, NetworkMode: network ?? "none", AutoRemove: true },
      },
    });
    const container = new LoadContainer(this, Id, name);
    this.#containers.push(container);
    // Ctrl-C may have come while the engine made it, and the rest be gone already.
    if (this.signal.aborted) await container[Symbol.asyncDispose]();
    this.signal.throwIfAborted();
    return container;
  }

  /** Makes a group whose limits several containers share. @returns what they name as their `CgroupParent` */
  async group(resources: Resources): Promise<string> {
    const name = `stress-${randomBytes(3).toString("hex")}`;
    this.#groups.push(name);
    await this.client.post(`/ctr/limit-groups/${name}`, { body: resources });
    return name;
  }

  /** @throws when Ctrl-C comes meanwhile */
  async pause(milliseconds: number): Promise<void> {
    await delay(Math.max(0, milliseconds), undefined, { signal: this.signal }).catch(() =>
      this.signal.throwIfAborted(),
    );
  }

  /**
   * Looks until there is something to see.
   * @param milliseconds after which it gives up
   * @returns undefined then
   */
  async until<T>(milliseconds: number, look: () => Promise<T | undefined>): Promise<T | undefined> {
    for (const deadline = performance.now() + milliseconds; performance.now() < deadline; ) {
      const seen = await look();
      if (seen !== undefined) return seen;
      await this.pause(LOOK_INTERVAL);
    }
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#containers.map((container) => container[Symbol.asyncDispose]()));
    await Promise.allSettled(this.#groups.map((name) => this.client.json("DELETE", `/ctr/limit-groups/${name}`)));
    for (const signal of SIGNALS) process.off(signal, this.#interrupt);
  }
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Milliseconds between two looks. */
const LOOK_INTERVAL = 20;
