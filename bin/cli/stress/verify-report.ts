/** Shows what `ctr limit verify` and `ctr limit stress` find, as it is found. */
import { goJson } from "../../flags/go.ts";
import { Row, type RowFields } from "../format/row.ts";
import { compileTemplate } from "../format/template/evaluate.ts";
import type { Outcome } from "./verify.ts";

const HEADINGS = ["LIMIT", "SET", "DEVIATION", "VERDICT", "MEASURED"];
/** A table that grows line by line cannot know its widest cells: these fit what limits usually are. */
const WIDTHS = [20, 18, 11, 16];

export class OutcomeTable {
  readonly #format: string;
  #subject = "";
  #outcomes: Outcome[] = [];
  #hasFailed = false;

  /** @param format the value of `--format` */
  constructor(format = "table") {
    this.#format = format;
  }

  /** A limit did not hold. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** @param subject whose limits follow */
  begin(subject: string): void {
    if (this.#subject !== "") this.end();
    const gap = this.#subject === "" ? "" : "\n";
    this.#subject = subject;
    this.#outcomes = [];
    if (this.#isTable) write(`${gap}${subject}\n`);
  }

  add(outcome: Outcome): void {
    if (this.#isTable && this.#outcomes.length === 0) write(OUTCOME_HEAD);
    this.#outcomes.push(outcome);
    this.#hasFailed ||= outcome.verdict === "fail";
    write(this.#isTable ? outcomeLine(outcome) : `${this.#shown(rowOf(this.#subject, outcome))}\n`);
  }

  end(): void {
    if (this.#isTable) write(`${summary(this.#outcomes)}\n`);
  }

  get #isTable(): boolean {
    return this.#format === "table";
  }

  #shown(row: RowFields): string {
    return this.#format === "json" ? goJson(new Row(row)) : compileTemplate(this.#format)(new Row(row));
  }
}

const write = (text: string): boolean => process.stdout.write(text);

const line = (cells: readonly string[]): string => `${cells.map(padded).join("").trimEnd()}\n`;

const padded = (cell: string, column: number): string => `${cell} `.padEnd(WIDTHS[column] ?? 0);

export const OUTCOME_HEAD = line(HEADINGS);

export const outcomeLine = (outcome: Outcome): string => line(cellsOf(outcome));

const cellsOf = ({ limit, set, deviation, verdict, measured, why }: Outcome): string[] => [
  limit,
  set,
  deviation === undefined ? "-" : percent(deviation),
  verdict,
  [measured, why].filter((words) => words !== undefined).join("; "),
];

const percent = (share: number): string => `${share > 0 ? "+" : ""}${(share * 100).toFixed(1)}%`;

const rowOf = (subject: string, { limit, set, measured = "", deviation, verdict, why = "" }: Outcome): RowFields => ({
  Subject: subject,
  Limit: limit,
  Set: set,
  Measured: measured,
  Deviation: deviation ?? null,
  Verdict: verdict,
  Why: why,
});

function summary(outcomes: readonly Outcome[]): string {
  if (outcomes.length === 0) return "no limit is set";
  const count = (verdict: Outcome["verdict"]): number =>
    outcomes.filter((outcome) => outcome.verdict === verdict).length;
  const words = [
    [count("pass"), "hold"],
    [count("fail"), "do NOT hold"],
    [count("not measurable"), "could not be measured"],
  ] as const;
  const parts = words.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`);
  return `${outcomes.length} ${outcomes.length === 1 ? "limit" : "limits"}: ${parts.join(", ")}`;
}
