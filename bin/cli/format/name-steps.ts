/** Rows of `ctr net dns`: one question that the container's resolver asks, and its answer. */
import type { NameSource, NameStep } from "../../../netns/index.ts";
import type { RowFields } from "./row.ts";
import type { Columns } from "./rows.ts";

export const NAME_HEADINGS: Columns = {
  Question: "QUESTION",
  Status: "STATUS",
  Answers: "ANSWER",
  Source: "BY",
  Time: "TIME",
};
export const NAME_COLUMNS = Object.keys(NAME_HEADINGS);

/** @param names of containers by id */
export const nameRow = (step: NameStep, names: ReadonlyMap<string, string>): RowFields => ({
  Question: step.question,
  Status: step.status,
  Answers: step.answers.length === 0 ? "-" : step.answers.join(", "),
  Source: sourceText(step.source, names),
  Time: `${(step.microseconds / 1000).toFixed(2)} ms`,
});

function sourceText(source: NameSource, names: ReadonlyMap<string, string>): string {
  if (source.kind === "none") return source.reason;
  if (source.kind === "names") {
    const containers = source.containerIds.map((id) => names.get(id) ?? id.slice(0, 12));
    return `network ${source.networkName}: ${containers.join(", ")}`;
  }
  const from = source.from === "host" ? "from the host" : "from the container";
  return source.kind === "cache" ? `cache of ${source.server}` : `server ${source.server}, asked ${from}`;
}
