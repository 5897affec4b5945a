/** One question to the diagnosis, from the command's side: progress while one waits, the lines for programs, the report. */
import type { DiagnosisEvent, DiagnosisReport, DiagnosisRequest, PlannedFix } from "../../../runtime/index.ts";
import type { Client } from "../client/client.ts";
import { CliError } from "../errors.ts";
import { askDiagnosis } from "./ask.ts";
import { DiagnosisExit } from "./exit-codes.ts";

export interface SessionOptions {
  /** A bundle that is looked at in place of the machine. */
  readonly bundle?: string | undefined;
  /** Every line is passed on as it comes. */
  readonly ndjson?: boolean;
  readonly signal?: AbortSignal;
  /** It was said before that the engine is down. */
  readonly quiet?: boolean;
}

/** What was said on the way to the report. */
export interface Answer<R> {
  readonly report: R;
  /** In order; of `repair` only that it is needed. */
  readonly fixing: readonly PlannedFix[];
  readonly fixed: readonly { readonly fix: PlannedFix; readonly error?: string }[];
}

const CLEAR_LINE = "\r\x1b[K";

/** @throws {CliError} see {@link askDiagnosis}; `environment` when there is no report */
export async function askFor<R extends DiagnosisReport>(
  client: Client,
  request: DiagnosisRequest,
  { bundle, ndjson = false, signal, quiet = false }: SessionOptions,
): Promise<Answer<R>> {
  const fixing: PlannedFix[] = [];
  const fixed: { fix: PlannedFix; error?: string }[] = [];
  let report: R | undefined;
  const line = new StatusLine();
  const notice = (text: string): void => {
    line.clear();
    if (!quiet) console.error(text);
  };
  try {
    for await (const event of askDiagnosis(client, request, { bundle, notice, ...(signal ? { signal } : {}) })) {
      if (ndjson) process.stdout.write(`${JSON.stringify(event)}\n`);
      if (event.type === "progress") line.show(event.text);
      if (event.type === "fixing") fixing.push(event.fix);
      if (event.type === "fixed") fixed.push(event);
      if (event.type === "report") report = event.report as R;
    }
  } finally {
    line.clear();
  }
  if (report === undefined) {
    throw new CliError("the diagnosis ended without a report", DiagnosisExit.environment);
  }
  return { report, fixing, fixed };
}

/** What is done just now, on a line of its own that goes again; only for people who look. */
class StatusLine {
  readonly #isShown = process.stderr.isTTY === true;
  #isDirty = false;

  show(text: string): void {
    if (!this.#isShown) return;
    const room = (process.stderr.columns ?? 80) - 1;
    process.stderr.write(`${CLEAR_LINE}${[...text].slice(0, room).join("")}`);
    this.#isDirty = true;
  }

  clear(): void {
    if (this.#isDirty) process.stderr.write(CLEAR_LINE);
    this.#isDirty = false;
  }
}

/** A stream of lines without a report: `drops`. Ends with the signal. */
export async function* eventsFor(
  client: Client,
  request: DiagnosisRequest,
  signal: AbortSignal,
): AsyncGenerator<DiagnosisEvent> {
  yield* askDiagnosis(client, request, { signal, notice: (text) => console.error(text) });
}
