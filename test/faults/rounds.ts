/** Runs faults, pairs and decoys one after the other through one world, which is made anew where one cannot be taken back. */

import { waitFor } from "../support/wait.ts";
import { checklist, records } from "./baselines.ts";
import type { Fault } from "./fault.ts";
import { differences, type Fingerprint, fingerprint } from "./fingerprint.ts";
import { falseAlarms, type Judgement, judgeDoctor, judgeFlow, warnings } from "./judge.ts";
import { both, type Pair } from "./pairs.ts";
import { type PathKind, use } from "./paths.ts";
import {
  type Diagnosis,
  doctor,
  expectHealthy,
  injectFault,
  mend,
  planTrial,
  seeEffect,
  type Trial,
  undoFault,
  why,
} from "./trial.ts";
import { World } from "./world.ts";

export interface Outcome {
  readonly kind: "fault" | "pair" | "decoy";
  readonly id: string;
  readonly title: string;
  readonly path: PathKind;
  readonly from: string;
  readonly to: string;
  readonly seed: number;
  readonly engine: "up" | "down";
  readonly codes: readonly string[];
  readonly names: readonly string[];
  /** Why nothing was measured. */
  readonly problem?: string;
  readonly judgement?: Judgement;
  /** Of pairs: both are named among the findings. */
  readonly bothNamed?: boolean;
  readonly doctorFinds?: boolean;
  readonly alarms?: readonly string[];
  readonly warnings?: readonly string[];
  readonly fix?: "works" | "fails" | "not offered";
  /** What was said when the fix did not help. */
  readonly fixOutput?: string;
  /** Milliseconds. */
  readonly whyTook?: number;
  readonly doctorTook?: number;
  /** Lines of state that the diagnosis changed. */
  readonly sideEffects?: readonly string[];
  readonly baselines?: { readonly checklist: readonly string[]; readonly records: readonly string[] };
  readonly whyReport?: unknown;
  readonly doctorReport?: unknown;
  readonly stderr?: string;
}

export interface RoundOptions {
  readonly seed: number;
  readonly baselines?: boolean;
  /** Ask the doctor for every fault, too. */
  readonly doctor?: boolean;
  readonly fixes?: boolean;
  /** Further flags of `ctrd`. */
  readonly flags?: readonly string[];
  /** Called when there is one more. */
  readonly onOutcome: (outcome: Outcome) => void;
  /** Called with each world when it is there. */
  readonly onWorld?: (world: World) => Promise<void>;
}

export class Rounds implements AsyncDisposable {
  readonly #options: RoundOptions;
  #seed: number;
  #world: World | undefined;
  #pristine: Fingerprint | undefined;

  constructor(options: RoundOptions) {
    this.#options = options;
    this.#seed = options.seed;
  }

  /** @param kind by chance where absent */
  async runFault(fault: Fault, kind?: PathKind): Promise<void> {
    const world = await this.#ready();
    const trial = planTrial(world, fault, kind ?? world.plan.random.pick(fault.paths));
    await this.#run("fault", trial, async (before) => this.#measureFault(world, trial, before));
  }

  async runPair({ one, other, path }: Pair): Promise<void> {
    const world = await this.#ready();
    const [first, second] = [planTrial(world, one, path), planTrial(world, other, path)];
    const fault: Fault = { ...one, id: `${one.id}+${other.id}`, title: `${one.title}, and ${other.title}` };
    const trial: Trial = { ...first, fault, injection: both(first.injection, second.injection) };
    await this.#run("pair", trial, async (before) => {
      const answer = await why(world, trial.path);
      const codes = answer.report?.findings.map(({ code }) => code) ?? [];
      const has = ({ injection }: Trial): boolean => codes.some((code) => injection.codes.includes(code));
      return {
        ...answerOf(answer),
        judgement: judgeFlow(trial, answer),
        bothNamed: has(first) && has(second),
        sideEffects: differences(before, await fingerprint(world)),
      };
    });
  }

  async runDecoy(decoy: Fault, kind?: PathKind): Promise<void> {
    const world = await this.#ready();
    const trial = planTrial(world, decoy, kind ?? world.plan.random.pick(decoy.paths));
    await this.#run("decoy", trial, async (before) => {
      const [flow, state] = [await why(world, trial.path), await doctor(world)];
      return {
        ...answerOf(flow),
        doctorTook: state.milliseconds,
        doctorReport: state.report,
        alarms: falseAlarms(flow, decoy.elsewhere === true ? undefined : state),
        warnings: warnings(flow, state),
        sideEffects: differences(before, await fingerprint(world)),
      };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#world?.[Symbol.asyncDispose]();
    this.#world = undefined;
  }

  async #ready(): Promise<World> {
    if (this.#world !== undefined) return this.#world;
    const world = await World.build(this.#seed++, this.#options.flags);
    this.#world = world;
    await this.#options.onWorld?.(world);
    this.#pristine = await fingerprint(world);
    return world;
  }

  /** Health, injection, effect, what is measured, and back. */
  async #run(
    kind: Outcome["kind"],
    trial: Trial,
    measure: (before: Fingerprint) => Promise<Partial<Outcome>>,
  ): Promise<void> {
    const world = await this.#ready();
    const outcome = {
      ...{ kind, id: trial.fault.id, title: trial.fault.title, path: trial.path.kind },
      ...{ from: trial.path.from, to: trial.path.to, seed: world.plan.seed },
      engine: trial.fault.engine ?? "up",
      ...{ codes: trial.injection.codes, names: trial.injection.names },
    } as const;
    let measured: Partial<Outcome>;
    try {
      await expectHealthy(world, trial);
      await injectFault(world, trial);
      const effect = await seeEffect(world, trial);
      measured = effect === "as wanted" ? await measure(await fingerprint(world)) : effect;
    } catch (error) {
      measured = { problem: error instanceof Error ? error.message : String(error) };
    }
    const left = await this.#undo(world, trial);
    this.#options.onOutcome({ ...outcome, ...measured, ...problemOf(measured.problem, left) });
  }

  async #measureFault(world: World, trial: Trial, before: Fingerprint): Promise<Partial<Outcome>> {
    const { effect } = trial.fault;
    const flow = await why(world, trial.path);
    const state = effect === "latent" || this.#options.doctor === true ? await doctor(world) : undefined;
    const sideEffects = differences(before, await fingerprint(world));
    const contradicted = effect === undefined && flow.report?.result === "REACHABLE";
    if (contradicted && (await seeEffect(world, trial)) !== "as wanted") return { problem: "it healed by itself" };
    const byDoctor = state === undefined ? undefined : judgeDoctor(trial, state);
    const byFlow = judgeFlow(trial, flow);
    const judgement =
      byDoctor !== undefined && (effect === "latent" || (effect === "opened" && !byFlow.first)) ? byDoctor : byFlow;
    return {
      ...answerOf(flow),
      ...(state === undefined ? {} : { doctorTook: state.milliseconds, doctorReport: state.report }),
      ...(byDoctor === undefined ? {} : { doctorFinds: byDoctor.amongThree }),
      judgement,
      sideEffects,
      ...(this.#options.baselines === true ? { baselines: await this.#baselines(world, trial) } : {}),
      ...(this.#options.fixes === true ? await this.#fix(world, trial, flow) : {}),
    };
  }

  async #baselines(world: World, { path }: Trial): Promise<NonNullable<Outcome["baselines"]>> {
    return {
      checklist: await checklist(world, path).catch(() => []),
      records: await records(world, path).catch(() => []),
    };
  }

  /** Lets the diagnosis mend what it may. With an engine that is down it cannot: that one is started before. */
  async #fix(
    world: World,
    trial: Trial,
    { report }: Awaited<ReturnType<typeof why>>,
  ): Promise<Pick<Outcome, "fix" | "fixOutput">> {
    const { effect = "broken", engine } = trial.fault;
    const owned = report?.findings[0]?.fix?.owned === true;
    if (!owned || engine === "down" || effect !== "broken") return { fix: "not offered" };
    const mended = await mend(world, trial.path);
    const works = async () => (await use(world, trial.path, 2000)).works;
    return waitFor("the path after the fix", works, 5000).then(
      () => ({ fix: "works" as const }),
      () => ({ fix: "fails" as const, fixOutput: mended }),
    );
  }

  /** @returns what could not be taken back; the world is then made anew */
  async #undo(world: World, trial: Trial): Promise<string | undefined> {
    try {
      if (trial.fault.remakes === true) {
        await this.#leave(world);
        return undefined;
      }
      const left = await undoFault(world, trial, this.#pristine ?? new Map());
      if (left.length === 0) return undefined;
      await this.#leave(world);
      return `left behind: ${left.slice(0, 8).join("; ")}`;
    } catch (error) {
      await this.#leave(world);
      return `not taken back: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  async #leave(world: World): Promise<void> {
    this.#world = undefined;
    await world[Symbol.asyncDispose]();
  }
}

/** The first thing that went wrong: what could not be made cannot be taken back either. */
function problemOf(measured: string | undefined, left: string | undefined): { readonly problem?: string } {
  const problem = measured ?? left;
  return problem === undefined ? {} : { problem };
}

const answerOf = ({ report, milliseconds, stderr }: Diagnosis<unknown>): Partial<Outcome> => ({
  whyTook: milliseconds,
  whyReport: report,
  ...(report === undefined ? { stderr: stderr.slice(0, 2000) } : {}),
});
