/** One fault on one path: the path is seen to work, is broken and seen to be broken, diagnosed, mended and seen to work. */
import type { DoctorReport, FlowReport } from "../../netns/diagnosis/types/index.ts";
import { waitFor } from "../support/wait.ts";
import type { Fault, Injection } from "./fault.ts";
import { differences, type Fingerprint, fingerprint } from "./fingerprint.ts";
import { type Path, type PathKind, pathOf, use } from "./paths.ts";
import type { World } from "./world.ts";

export interface Trial {
  readonly fault: Fault;
  readonly path: Path;
  readonly injection: Injection;
}

export interface Diagnosis<Report> {
  /** Undefined when there was no report. */
  readonly report: Report | undefined;
  readonly exitCode: number | null;
  readonly milliseconds: number;
  readonly stderr: string;
}

export type Health = "as wanted" | { readonly problem: string };

/** Milliseconds that an answer may take: none of these paths is longer than this host. */
const PATIENCE = 1000;
const TRIES = 10;

export function planTrial(world: World, fault: Fault, kind: PathKind): Trial {
  const path = pathOf(world, kind);
  return { fault, path, injection: fault.plan(world, path) };
}

/** @throws when the path does not work as it should without a fault */
export async function expectHealthy(world: World, { fault, path }: Trial): Promise<void> {
  const wanted = fault.effect !== "closed" && fault.effect !== "opened";
  let last = "";
  await waitFor(
    `${path.kind} to be ${wanted ? "open" : "closed"}`,
    async () => {
      const { works, answer } = await use(world, path, wanted ? 3000 : PATIENCE);
      last = answer;
      return works === wanted;
    },
    12_000,
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${last}`);
  });
}

export async function injectFault(world: World, { fault, injection }: Trial): Promise<void> {
  if (fault.engine === "down") await world.killEngine();
  await injection.inject();
}

/** Whether the fault does to the path what it should. */
export async function seeEffect(world: World, { fault: { effect = "broken" }, path }: Trial): Promise<Health> {
  if (effect === "partial") return seePartial(world, path);
  const { works, answer } = await use(world, path, PATIENCE);
  const wanted = effect === "latent" || effect === "opened";
  return works === wanted ? "as wanted" : { problem: `${effect}: ${answer}` };
}

async function seePartial(world: World, path: Path): Promise<Health> {
  const answers = await Promise.all(Array.from({ length: TRIES }, () => use(world, path, PATIENCE)));
  const lost = answers.filter(({ works }) => !works).length;
  return lost > 0 && lost < TRIES ? "as wanted" : { problem: `${lost} of ${TRIES} failed` };
}

/** Takes the fault back. @returns what is not as before; empty when all is */
export async function undoFault(world: World, trial: Trial, before: Fingerprint): Promise<readonly string[]> {
  await world.startEngine();
  await trial.injection.undo();
  let left = differences(before, await fingerprint(world));
  if (left.length === 0) return left;
  await world.engine.ctr(["net", "repair"]);
  await waitFor(
    "the state from before",
    async () => {
      left = differences(before, await fingerprint(world));
      return left.length === 0;
    },
    3000,
  ).catch(() => {});
  return left;
}

/** `why`; where the size matters `trace`, which takes it, and answers with the same report. */
export const why = (world: World, path: Path, ...flags: readonly string[]): Promise<Diagnosis<FlowReport>> => {
  const verb = path.size === undefined ? ["why"] : ["trace", "--size", String(path.size)];
  return diagnose<FlowReport>(world, ["net", ...verb, "--json", ...flags, path.from, path.to]);
};

/** Lets the diagnosis do what it proposes; where the size matters the doctor, for `trace` mends nothing. @returns what it said */
export async function mend(world: World, { from, to, size }: Path): Promise<string> {
  const argv = size === undefined ? ["net", "why", "--fix", from, to] : ["net", "doctor", "--fix"];
  const { stdout, stderr } = await world.engine.ctr(argv, { timeout: 60_000, env: environmentOf(world) });
  return `${stdout}${stderr}`;
}

export const doctor = (world: World, ...flags: readonly string[]): Promise<Diagnosis<DoctorReport>> =>
  diagnose<DoctorReport>(world, ["net", "doctor", "--json", ...flags]);

async function diagnose<Report>(world: World, argv: readonly string[]): Promise<Diagnosis<Report>> {
  const start = process.hrtime.bigint();
  const { stdout, stderr, exitCode } = await world.engine.ctr(argv, { timeout: 60_000, env: environmentOf(world) });
  const milliseconds = Number(process.hrtime.bigint() - start) / 1e6;
  return { report: parse<Report>(stdout), exitCode, milliseconds, stderr };
}

/** Where a diagnosis finds the engine's state when the engine does not run. */
const environmentOf = ({ engine }: World): NodeJS.ProcessEnv => ({
  ...process.env,
  CTR_DATA_ROOT: engine.dataRoot,
  CTR_EXEC_ROOT: engine.execRoot,
});

function parse<Report>(text: string): Report | undefined {
  try {
    return JSON.parse(text) as Report;
  } catch {
    return undefined;
  }
}
