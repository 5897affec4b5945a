/** Who reaches whom, as a table: what is otherwise than it should be first. */
import type { MatrixPair, MatrixReport } from "../../../../runtime/index.ts";
import { wrap } from "../paragraph.ts";
import { alignColumns } from "../table.ts";
import type { Ink, Paint } from "./paint.ts";

const HEADINGS = ["FROM", "TO", "EXPECTED", "RESULT", "VERDICT", "WHY"];
/** More pairs that are as expected are counted, not shown. */
const MOST_GOOD = 20;
const INKS: Readonly<Record<MatrixPair["verdict"], Ink | undefined>> = {
  "as expected": undefined,
  "unexpected deny": "red",
  "unexpected allow": "red",
  undetermined: "yellow",
};

export function matrixText({ pairs, notChecked, milliseconds }: MatrixReport, paint: Paint, all: boolean): string {
  const bad = pairs.filter(({ verdict }) => verdict !== "as expected");
  const good = pairs.filter(({ verdict }) => verdict === "as expected");
  const shown = all || good.length <= MOST_GOOD ? [...bad, ...good] : bad;
  const lines = alignColumns([HEADINGS, ...shown.map(rowOf)], { minimum: 0 })
    .trimEnd()
    .split("\n");
  const table = lines.map((line, index) => {
    const ink = INKS[shown[index - 1]?.verdict ?? "as expected"];
    return `${ink === undefined ? line : paint(ink, line)}\n`;
  });
  return [
    shown.length === 0 ? "" : `${table.join("")}\n`,
    `${summary(pairs, milliseconds)}\n`,
    shown.length < pairs.length ? "The others are as expected: --all shows them.\n" : "",
    ...notChecked.map(({ what, why }) => wrap(`not checked: ${what}: ${why}`)),
  ].join("");
}

const rowOf = ({ from, to, expected, result, verdict, because, cause }: MatrixPair): string[] => [
  from,
  to,
  expected,
  result.toLowerCase(),
  verdict,
  cause === undefined || verdict === "as expected" ? because : `${cause.code} ${cause.title}`,
];

function summary(pairs: readonly MatrixPair[], milliseconds: number): string {
  const count = (verdict: MatrixPair["verdict"]): number => pairs.filter((pair) => pair.verdict === verdict).length;
  const words = (["as expected", "unexpected deny", "unexpected allow", "undetermined"] as const)
    .map((verdict) => ({ verdict, number: count(verdict) }))
    .filter(({ verdict, number }) => number > 0 || verdict === "as expected")
    .map(({ verdict, number }) => `${number} ${verdict}`);
  return `${pairs.length} pairs: ${words.join(", ")}   ${(milliseconds / 1000).toFixed(1)} s`;
}
