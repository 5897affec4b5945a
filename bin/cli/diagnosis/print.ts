/** Writes a report: for people, or for programs. */
import type { DiagnosisReport } from "../../../runtime/index.ts";
import type { FlowLayout } from "../format/diagnosis/flow.ts";
import { paintFor } from "../format/diagnosis/paint.ts";

export interface OutputFlags {
  readonly json: boolean;
  readonly ndjson: boolean;
}

/** As NDJSON everything was written as it came. */
export function printReport<R extends DiagnosisReport>(
  report: R,
  { json, ndjson }: OutputFlags,
  textOf: (report: R, layout: FlowLayout) => string,
): void {
  if (ndjson) return;
  if (json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  else process.stdout.write(textOf(report, layoutOf()));
}

export const layoutOf = (): FlowLayout => ({
  paint: paintFor(process.stdout, process.env),
  width: process.stdout.columns,
});

/** Lines on the way are for people; where the output is for programs they go beside it. */
export const teller =
  ({ json, ndjson }: OutputFlags) =>
  (line: string): void =>
    void (json || ndjson ? process.stderr : process.stdout).write(`${line}\n`);
