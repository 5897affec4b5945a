/** Turns facts into evidence and texts. */
import { formatBinarySize } from "../../lib/units/size.ts";
import { formatLimit } from "../parse.ts";
import { rowOf } from "../table/index.ts";
import type { LimitField, LimitReading, PressureResource } from "../types.ts";
import type { Evidence, Facts, Fix } from "./types.ts";

export const readingOf = ({ limits }: Facts, field: LimitField): LimitReading | undefined =>
  limits.find(({ limit }) => limit === field);

/** The number in force, or undefined without a limit. */
export function limitOf(facts: Facts, field: LimitField): number | undefined {
  const enforced = readingOf(facts, field)?.enforced;
  return typeof enforced === "number" ? enforced : undefined;
}

/** The limit's file as evidence; nothing when it cannot be read here. */
export function limitEvidence(facts: Facts, field: LimitField): Evidence[] {
  const reading = readingOf(facts, field);
  if (reading === undefined) return [];
  const { file, value, enforced, usage, peak } = reading;
  const used = usage === undefined ? "" : `, ${formatLimit(field, usage)} in use`;
  const highest = peak === undefined ? "" : `, ${formatLimit(field, peak)} at most`;
  return [{ file, value, meaning: `${rowOf(field).flag} ${formatLimit(field, enforced)}${used}${highest}` }];
}

/** What it wrote last, or what it ended with when it wrote nothing. */
export function lastWordsEvidence({ exit, program }: Facts): Evidence[] {
  const file = program?.log ?? "";
  const last = program?.lastWords.at(-1);
  if (last !== undefined) return [{ file, value: last, meaning: "its last words" }];
  return [{ file, value: `exit code ${exit?.code ?? "unknown"}`, meaning: "what it ended with, and it said nothing" }];
}

export const percent = (share: number): string => `${Math.round(share * 100)} %`;

export const size = formatBinarySize;

/** Part of the time, 0 … 1; 0 where the kernel does not measure it. */
export const pressureOf = ({ rates }: Facts, resource: PressureResource, kind: "some" | "full" = "some"): number =>
  rates?.pressure[resource]?.[kind] ?? 0;

export function pressureEvidence(facts: Facts, resource: PressureResource): Evidence {
  const now = facts.pressure[resource];
  return {
    file: `${facts.files.pressure}/${resource}.pressure`,
    value: `some total=${now?.some.total ?? 0} full total=${now?.full.total ?? 0}`,
    meaning: `some of it waited for ${resource} in ${percent(pressureOf(facts, resource))} of the time, all of it in ${percent(pressureOf(facts, resource, "full"))}`,
  };
}

/** `ctr limit set web --memory 128MiB`. */
export const setFix = (facts: Facts, field: LimitField, value: number, text: string): Fix => ({
  text,
  command: `ctr limit set ${facts.name} ${rowOf(field).flag} ${flagText(field, value)}`,
});

/** A change of a group above; without a command for one that is not the engine's own. */
export function groupFix(path: string, field: LimitField, value: number, text: string): Fix {
  const name = /\/([^/]+)\.group$/.exec(path)?.[1];
  if (name === undefined) return { text };
  return { text, command: `ctr limit set --group ${name} ${rowOf(field).flag} ${flagText(field, value)}` };
}

/** As the flag's parser reads it. */
export function flagText(field: LimitField, value: number): string {
  const { unit } = rowOf(field);
  if (unit === "bytes") return `${Math.ceil(value / 2 ** 20)}m`;
  return unit === "cpus" ? String(Math.round(value * 100) / 100) : String(Math.round(value));
}

/** Rounded up to a size that people would choose. */
export const rounder = (bytes: number): number => {
  const step = 2 ** Math.max(20, Math.floor(Math.log2(Math.max(bytes, 1))) - 3);
  return Math.ceil(bytes / step) * step;
};
