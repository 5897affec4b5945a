/** `--fix`: does what the findings propose where the object is ctr's, tells of each step, and looks again afterwards. */
import { hasCode, messageOf } from "../../../lib/errors.ts";
import type { AppliedFix, Difference, DoctorReport, FixAction, FlowReport } from "../../../netns/index.ts";
import type { DiagnosisRequest, PlannedFix } from "../../../runtime/index.ts";
import { Client } from "../client/client.ts";
import { shellLine } from "../format/diagnosis/findings.ts";
import { askFor, type SessionOptions } from "./session.ts";

type Mendable = Extract<DiagnosisRequest, { readonly kind: "flow" | "doctor" }>;

/** One fault may hide another: so often it is looked again. */
const MOST_ROUNDS = 5;

/**
 * @param tell gets a line for each step
 * @returns the report of afterwards, with what was done
 */
export async function askAndMend<R extends FlowReport | DoctorReport>(
  client: Client,
  request: Mendable,
  options: SessionOptions,
  tell: (line: string) => void,
): Promise<R> {
  const done: AppliedFix[] = [];
  const skip: string[] = [];
  for (let round = 1; ; round++) {
    const asked = { ...options, quiet: round > 1 };
    const { report, fixing, fixed } = await askFor<R>(client, { ...request, fix: round < MOST_ROUNDS, skip }, asked);
    for (const fix of fixing) {
      tell(`mending ${fix.code}: ${actionText(fix.action)}`);
      const error =
        fix.action.kind === "repair" ? await repair(client) : fixed.find((one) => sameFix(one.fix, fix))?.error;
      if (error !== undefined) tell(`  it could not be done: ${error}`);
      done.push(error === undefined ? fix : { ...fix, error });
      skip.push(JSON.stringify(fix.action));
    }
    if (fixing.length === 0) return done.length === 0 ? report : { ...report, fixes: done };
  }
}

const sameFix = (one: PlannedFix, other: PlannedFix): boolean =>
  JSON.stringify(one.action) === JSON.stringify(other.action);

/** By the engine: it alone changes what the store says. @returns why not, when it could not be done */
async function repair(client: Client): Promise<string | undefined> {
  const asking = new Client(client.address, (error) => Promise.reject(error));
  try {
    const differences = await asking.post<Difference[]>("/ctr/net/repair");
    const failed = differences.flatMap(({ object, repaired, error }) =>
      repaired ? [] : [`${object}: ${error ?? ""}`],
    );
    return failed.length === 0 ? undefined : failed.join("; ");
  } catch (error) {
    const isDown = hasCode(error, "ECONNREFUSED", "ENOENT");
    return isDown ? "the engine does this, and it does not run: start it (ctr ps), then ask again" : messageOf(error);
  } finally {
    asking.close();
  }
}

function actionText(action: FixAction): string {
  if (action.kind === "repair") return "ctr net repair";
  if (action.kind === "sysctl") return shellLine(["sysctl", "-w", `${action.key}=${action.value}`]);
  return shellLine(action.argv);
}
