/**
 * How many faults of a network the diagnosis names: faults are injected into a real engine, seen to break a real
 * connection, and `ctr net why` is asked.
 *   --faults 101,104,x-*   these alone, by code or begin of it; all by default
 *   --paths all            each fault on all of its paths; one by chance by default
 *   --seed N               of all names, addresses, ports and choices; printed
 *   --rounds N             each with another seed; 1 by default
 *   --pairs N, --decoys N  two faults at once; healthy states that look broken; all decoys by default
 *   --pairs 609+201,…      these two faults at once
 *   --backend iptables     with ctr's rules made by iptables; what damages its nftables table cannot be made then
 *   --load                 with stress-ng on all processors and on memory
 *   --idle N               so many further containers that do nothing
 *   --compare              each without and then with --load, --idle: the verdicts must be the same
 *   --baselines            what a checklist and the engine's records say of the same faults
 *   --doctor               asks `ctr net doctor` for each fault, too
 *   --out FILE             everything as JSON
 * Ends with 1 when an aim is missed.
 */
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { CATALOGUE } from "../faults/catalogue/index.ts";
import { DECOYS } from "../faults/decoys.ts";
import type { Fault } from "../faults/fault.ts";
import { NOT_INJECTABLE } from "../faults/not-injectable.ts";
import { choosePairs, pairOf } from "../faults/pairs.ts";
import { Random } from "../faults/random.ts";
import { type Outcome, Rounds } from "../faults/rounds.ts";
import { meetsAims, printScore, scoreOf } from "../faults/score.ts";
import { UNCATALOGUED } from "../faults/uncatalogued/index.ts";
import { type Comparison, isSame, printComparison } from "../faults/verdicts.ts";
import type { World } from "../faults/world.ts";

export async function benchDiagnosis(argv: readonly string[]): Promise<void> {
  const options = optionsOf(argv);
  if (options === undefined) return;
  console.log(`seed ${options.seed}`);
  const outcomes: Outcome[] = [];
  const note = (outcome: Outcome): void => {
    outcomes.push(outcome);
    console.error(lineOf(outcome));
    if (options.out !== undefined) writeFileSync(options.out, JSON.stringify(outcomes, null, 1));
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  // What runs in namespaces would go on without us.
  for (const signal of signals) process.once(signal, () => stopping.abort());
  if (options.compare) await compareRounds(options, outcomes, note);
  else await runRounds(options, note);
  printScore(outcomes);
  console.log("\nnot injected:");
  for (const [code, reason] of Object.entries(NOT_INJECTABLE)) console.log(`  ${code}  ${reason}`);
  if (!meetsAims(scoreOf(outcomes))) process.exitCode = 1;
}

type Note = (outcome: Outcome) => void;

async function runRounds(options: Options, note: Note): Promise<void> {
  using _load = options.load ? busy() : undefined;
  for (const seed of seedsOf(options)) {
    await using rounds = roundsOf(options, seed, options.idle, note);
    for (const step of stepsOf(options, seed)) if (!stopping.signal.aborted) await step(rounds);
  }
}

/** Two worlds of the same seed; what is beside the second one is there while it is measured, idle containers all the time. */
async function compareRounds(options: Options, outcomes: readonly Outcome[], note: Note): Promise<void> {
  const comparisons: Comparison[] = [];
  for (const seed of seedsOf(options)) {
    await using alone = roundsOf(options, seed, 0, note);
    await using beside = roundsOf(options, seed, options.idle, note);
    for (const step of stepsOf(options, seed)) {
      if (stopping.signal.aborted) break;
      await step(alone);
      using _load = options.load ? busy() : undefined;
      await step(beside);
      const [one, other] = outcomes.slice(-2);
      if (one !== undefined && other !== undefined) comparisons.push({ alone: one, beside: other });
    }
  }
  printComparison(comparisons);
  if (comparisons.some((one) => isSame(one) === false)) process.exitCode = 1;
}

const seedsOf = ({ rounds, seed }: Options): number[] =>
  Array.from({ length: rounds }, (_, round) => seed + 1000 * round);

/** Set by the first signal: the fault at hand is taken back, and no other is made. */
const stopping = new AbortController();

interface Options {
  readonly seed: number;
  readonly rounds: number;
  readonly faults: readonly Fault[];
  readonly allPaths: boolean;
  readonly decoys: number;
  readonly pairs: number;
  /** Faults by their ids, two by two. */
  readonly namedPairs: readonly (readonly string[])[];
  readonly load: boolean;
  readonly idle: number;
  /** Without them, too. */
  readonly compare: boolean;
  readonly baselines: boolean;
  readonly doctor: boolean;
  readonly out: string | undefined;
  /** Of `ctrd`. */
  readonly flags: readonly string[];
}

/** @returns undefined when only help was asked for */
function optionsOf(argv: readonly string[]): Options | undefined {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: {
      ...{ faults: text, paths: text, seed: text, rounds: text, pairs: text, decoys: text, idle: text, out: text },
      backend: text,
      ...{ load: flag, compare: flag, baselines: flag, doctor: flag, help: flag },
    },
  });
  if (values.help) {
    console.log(helpOf(readFileSync(import.meta.filename, "utf8")));
    return undefined;
  }
  const wanted = values.faults?.split(",") ?? (values.pairs?.includes("+") === true ? [] : undefined);
  const namedPairs = (values.pairs ?? "").split(",").flatMap((pair) => (pair.includes("+") ? [pair.split("+")] : []));
  const isWanted = ({ id }: Fault): boolean =>
    wanted === undefined || wanted.some((one) => (one.endsWith("*") ? id.startsWith(one.slice(0, -1)) : id === one));
  return {
    seed: Number(values.seed ?? Math.floor(Math.random() * 1e6)),
    rounds: Number(values.rounds ?? 1),
    faults: [...CATALOGUE, ...UNCATALOGUED].filter(isWanted),
    allPaths: values.paths === "all",
    decoys: Number(values.decoys ?? (wanted === undefined ? DECOYS.length : 0)),
    pairs: namedPairs.length > 0 ? 0 : Number(values.pairs ?? (wanted === undefined ? 10 : 0)),
    namedPairs,
    load: values.load,
    idle: Number(values.idle ?? 0),
    compare: values.compare,
    baselines: values.baselines,
    doctor: values.doctor,
    out: values.out,
    flags: values.backend === undefined ? [] : ["--firewall-backend", values.backend],
  };
}

/** What stands at the head of this file. */
const helpOf = (source: string): string =>
  source
    .slice(0, source.indexOf(" */"))
    .split("\n")
    .map((line) => line.replace(/^(?:\/\*\*| \* ?)/, ""))
    .join("\n")
    .trim();

function roundsOf({ baselines, doctor, flags }: Options, seed: number, idle: number, onOutcome: Note): Rounds {
  const onWorld = (world: World) => addIdle(world, idle);
  return new Rounds({ seed, baselines, doctor, fixes: true, flags, onOutcome, onWorld });
}

/** Everything that is to be run, in an order by chance. */
function stepsOf(options: Options, seed: number): ((rounds: Rounds) => Promise<void>)[] {
  const random = new Random(seed);
  const kinds = ({ paths }: Fault) => (options.allPaths ? paths : [random.pick(paths)]);
  return [
    ...random
      .shuffle(DECOYS)
      .slice(0, options.decoys)
      .map((decoy) => (rounds: Rounds) => rounds.runDecoy(decoy)),
    ...random
      .shuffle(options.faults)
      .flatMap((fault) => kinds(fault).map((kind) => (rounds: Rounds) => rounds.runFault(fault, kind))),
    ...choosePairs(CATALOGUE, random, options.pairs).map((pair) => (rounds: Rounds) => rounds.runPair(pair)),
    ...options.namedPairs.map((ids) => {
      const pair = pairOf([...CATALOGUE, ...UNCATALOGUED], ids, random);
      return (rounds: Rounds) => rounds.runPair(pair);
    }),
  ];
}

async function addIdle(world: World, count: number): Promise<void> {
  const { networks } = world.plan;
  for (let index = 0; index < count; index++) {
    await world.engine.ctrOutput("run", "-d", "--network", networks.back, "busybox", "sleep", "1000000");
  }
}

/** stress-ng on all processors, and on memory; for two hours at most, should nobody end it. */
function busy(): Disposable {
  const argv = ["--quiet", "--cpu", "0", "--vm", "1", "--vm-bytes", "128M", "--timeout", "2h"];
  const load = spawn("stress-ng", argv, { stdio: "ignore" });
  return { [Symbol.dispose]: () => void load.kill("SIGTERM") };
}

function lineOf({
  kind,
  id,
  title,
  path,
  problem,
  judgement,
  alarms,
  fix,
  whyTook,
  sideEffects = [],
}: Outcome): string {
  const verdict =
    problem !== undefined
      ? `not measured: ${problem}`
      : kind === "decoy"
        ? alarms?.length === 0
          ? "green"
          : `FALSE ALARM: ${alarms?.join("; ")}`
        : judgement?.first
          ? `right${judgement.object ? "" : ", object missing"}`
          : judgement?.amongThree
            ? `among three: ${judgement.got}`
            : `MISSED: ${judgement?.got}`;
  const time = whyTook === undefined ? "" : `${whyTook.toFixed(0)} ms`;
  const left = sideEffects.length === 0 ? "" : `  LEFT: ${sideEffects.join("; ")}`;
  return `${kind} ${id} on ${path} (${title}): ${verdict}${fix === undefined || fix === "not offered" ? "" : `, fix ${fix}`}  ${time}${left}`;
}
