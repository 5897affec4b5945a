/** An engine whose containers get into trouble, and what `ctr limit explain` says about it. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type CgroupHost, detectHost } from "../../../cgroups/index.ts";
import type { Explanation } from "../../../runtime/index.ts";
import { TestEngine } from "../../support/engine.ts";
import { waitFor } from "../../support/wait.ts";

/** The shell itself grows without end: its first process, and no other. */
export const HOG = 'x=0123456789abcdef; while :; do x="$x$x"; done';
/** Keeps one CPU busy. */
export const SPIN = "while :; do :; done";

interface State {
  readonly Status: string;
  readonly Pid: number;
}

export class ExplainedEngine implements AsyncDisposable {
  readonly engine: TestEngine;
  readonly host: CgroupHost = detectHost();

  private constructor(engine: TestEngine) {
    this.engine = engine;
  }

  static async start(): Promise<ExplainedEngine> {
    return new ExplainedEngine(await TestEngine.start());
  }

  /** `ctr run -d --name NAME FLAGS busybox sh -c SCRIPT`. */
  async run(name: string, flags: readonly string[], script: string): Promise<void> {
    await this.engine.ctrOutput("run", "-d", "--name", name, ...flags, "busybox", "sh", "-c", script);
  }

  /** `start`, `stop?t=1`, `kill`: without a command, which takes seconds on an emulated machine. */
  async post(name: string, verb: string): Promise<void> {
    const { status, body } = await this.engine.api("POST", `/containers/${name}/${verb}`);
    assert.equal(status, 204, body);
  }

  async remove(...names: readonly string[]): Promise<void> {
    for (const name of names) await this.engine.api("DELETE", `/containers/${name}?force=1`);
  }

  async state(name: string): Promise<State> {
    return (await this.engine.api("GET", `/containers/${name}/json`)).json<{ State: State }>().State;
  }

  async ended(name: string): Promise<void> {
    await waitFor(`${name} to end`, async () => (await this.state(name)).Status === "exited");
  }

  async explain(name: string): Promise<Explanation> {
    const answer = await this.engine.api("GET", `/ctr/containers/${name}/explain`);
    assert.equal(answer.status, 200, answer.body);
    return answer.json<Explanation>();
  }

  async codes(name: string): Promise<string[]> {
    return (await this.explain(name)).verdicts.map(({ code }) => code);
  }

  /** Waits for a verdict. @returns what `ctr limit explain` prints */
  async told(name: string, code: string): Promise<string> {
    await waitFor(`${code} of ${name}`, async () => (await this.codes(name)).includes(code)).catch(async (error) => {
      throw new Error(`${String(error)}: ${JSON.stringify(await this.explain(name))}`);
    });
    return await this.engine.ctrOutput("limit", "explain", name);
  }

  /** Starts a `ctr` that goes on, until it is killed. */
  spawn(...argv: readonly string[]): ChildProcess {
    const ctr = join(import.meta.dirname, "../../../bin/ctr");
    return this.engine.host.spawn([ctr, "-H", `unix://${this.engine.socket}`, ...argv]);
  }

  /** A file of a container's group, in whatever hierarchy has it. */
  async fileOf(name: string, file: string): Promise<string> {
    const { Pid } = await this.state(name);
    for (const line of readFileSync(`/proc/${Pid}/cgroup`, "utf8").trim().split("\n")) {
      const [, controllers = "", path = ""] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
      for (const directory of [controllers, "unified", ""]) {
        const candidate = `/sys/fs/cgroup/${directory}${path}/${file}`;
        if (existsSync(candidate)) return candidate;
      }
    }
    throw new Error(`the group of ${name} has no ${file}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine[Symbol.asyncDispose]();
  }
}

/** A disk of this machine whose I/O can be limited; undefined without any. */
export function diskPath(): string | undefined {
  const name = readdirSync("/sys/block").find(
    (block) =>
      existsSync(`/dev/${block}`) &&
      existsSync(`/sys/block/${block}/queue/scheduler`) &&
      Number(readFileSync(`/sys/block/${block}/size`, "utf8")) > 0,
  );
  return name === undefined ? undefined : `/dev/${name}`;
}
