/** Sums over outcomes, as tables for people. */
import { printTable, quantile } from "../bench/statistics.ts";
import type { Outcome } from "./rounds.ts";

/** Shares that are aimed at. */
export const AIMS = { first: 0.95, amongThree: 0.99 } as const;

export interface Score {
  readonly faults: number;
  readonly first: number;
  readonly amongThree: number;
  readonly object: number;
  readonly uncatalogued: number;
  readonly uncataloguedFirst: number;
  readonly decoys: number;
  readonly falseAlarms: number;
  readonly pairs: number;
  readonly pairsFirst: number;
  readonly pairsBoth: number;
  readonly undetermined: number;
  readonly sideEffects: number;
  readonly fixesOffered: number;
  readonly fixesWork: number;
  /** Not measured: the harness's own. */
  readonly problems: number;
}

export function scoreOf(outcomes: readonly Outcome[]): Score {
  const measured = outcomes.filter(({ problem }) => problem === undefined);
  const faults = measured.filter(({ kind }) => kind === "fault");
  const catalogued = faults.filter(({ codes }) => codes.length > 0);
  const others = faults.filter(({ codes }) => codes.length === 0);
  const decoys = measured.filter(({ kind }) => kind === "decoy");
  const pairs = measured.filter(({ kind }) => kind === "pair");
  const count = (list: readonly Outcome[], test: (outcome: Outcome) => boolean | undefined): number =>
    list.filter((outcome) => test(outcome) === true).length;
  return {
    faults: catalogued.length,
    first: count(catalogued, ({ judgement }) => judgement?.first),
    amongThree: count(catalogued, ({ judgement }) => judgement?.amongThree),
    object: count(catalogued, ({ judgement }) => judgement?.object),
    uncatalogued: others.length,
    uncataloguedFirst: count(others, ({ judgement }) => judgement?.first),
    decoys: decoys.length,
    falseAlarms: count(decoys, ({ alarms = [] }) => alarms.length > 0),
    pairs: pairs.length,
    pairsFirst: count(pairs, ({ judgement }) => judgement?.first),
    pairsBoth: count(pairs, ({ bothNamed }) => bothNamed),
    undetermined: count(faults, ({ judgement }) => judgement?.undetermined),
    sideEffects: count(measured, ({ sideEffects = [] }) => sideEffects.length > 0),
    fixesOffered: count(faults, ({ fix }) => fix === "works" || fix === "fails"),
    fixesWork: count(faults, ({ fix }) => fix === "works"),
    problems: outcomes.length - measured.length,
  };
}

export const meetsAims = ({ faults, first, amongThree, falseAlarms }: Score): boolean =>
  first >= AIMS.first * faults && amongThree >= AIMS.amongThree * faults && falseAlarms === 0;

export function printScore(outcomes: readonly Outcome[]): void {
  const score = scoreOf(outcomes);
  const share = (part: number, whole: number): string =>
    whole === 0 ? "-" : `${part} of ${whole} (${((100 * part) / whole).toFixed(1)} %)`;
  printTable([
    ["", "result", "aim"],
    ["first cause right", share(score.first, score.faults), "95 %"],
    ["right among three", share(score.amongThree, score.faults), "99 %"],
    ["object named", share(score.object, score.faults), ""],
    ["faults beyond the catalogue: object named", share(score.uncataloguedFirst, score.uncatalogued), ""],
    ["pairs: first right", share(score.pairsFirst, score.pairs), ""],
    ["pairs: both named", share(score.pairsBoth, score.pairs), ""],
    ["false alarms", share(score.falseAlarms, score.decoys), "0"],
    ["undetermined", share(score.undetermined, score.faults + score.uncatalogued), ""],
    ["fixes that work", share(score.fixesWork, score.fixesOffered), ""],
    ["diagnoses that left something", String(score.sideEffects), "0"],
    ["not measured", String(score.problems), "0"],
  ]);
  printTimes(outcomes);
  printBaselines(outcomes);
  printConfusion(outcomes);
}

function printTimes(outcomes: readonly Outcome[]): void {
  const row = (name: string, times: readonly number[]): string[] => [
    name,
    ...[0.5, 0.95, 1].map((part) => (times.length === 0 ? "-" : `${quantile(times, part).toFixed(0)} ms`)),
  ];
  const of = (key: "whyTook" | "doctorTook"): number[] => outcomes.flatMap((outcome) => outcome[key] ?? []);
  console.log();
  printTable([["time", "half", "95 %", "most"], row("why", of("whyTook")), row("doctor", of("doctorTook"))]);
}

function printBaselines(outcomes: readonly Outcome[]): void {
  const asked = outcomes.filter(
    ({ baselines, codes, problem }) => baselines !== undefined && codes.length > 0 && problem === undefined,
  );
  if (asked.length === 0) return;
  const right = (key: "checklist" | "records", among: number): string => {
    const hits = asked.filter(({ baselines, codes }) =>
      baselines?.[key].slice(0, among).some((code) => codes.includes(code)),
    );
    return `${hits.length} of ${asked.length} (${((100 * hits.length) / asked.length).toFixed(1)} %)`;
  };
  console.log();
  printTable([
    ["on the same faults", "first", "among three"],
    ["checklist by hand", right("checklist", 1), right("checklist", 3)],
    ["engine's records alone", right("records", 1), right("records", 3)],
  ]);
}

/** Expected against got, of those that were missed. */
function printConfusion(outcomes: readonly Outcome[]): void {
  const missed = outcomes.filter(({ judgement, kind }) => kind !== "decoy" && judgement?.first === false);
  const counts = new Map<string, number>();
  for (const { id, judgement } of missed) {
    const line = `${id}\t${judgement?.got ?? ""}`;
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  const rows = [...counts]
    .sort(([, one], [, other]) => other - one)
    .map(([line, count]) => [...line.split("\t"), String(count)]);
  if (rows.length === 0) return;
  console.log();
  printTable([["expected", "got", "times"], ...rows]);
}
