/** ctr's own: why packets do not arrive. A program of its own finds out; its lines are passed on. */
import { messageOf, unavailable } from "../../../lib/errors.ts";
import { jsonProgram } from "../../../lib/json-program.ts";
import { decodeRequest } from "../../diagnosis/decode-request.ts";
import { diagnosisProgram } from "../../diagnosis/program.ts";
import type { DiagnosisEvent } from "../../diagnosis/request.ts";
import type { ApiEngine } from "../engine-face.ts";
import type { Exchange } from "../exchange.ts";

/** Programs that run at once: each reads the whole state of the network. */
const MOST_AT_ONCE = 4;
let running = 0;

/**
 * `POST /ctr/net/diagnosis`: a request of {@link decodeRequest}; answered with JSON lines, the last of which is the report
 * or an error. The program ends when the client goes away.
 */
export async function diagnose(exchange: Exchange, engine: ApiEngine): Promise<void> {
  const request = decodeRequest(await exchange.body());
  if (running >= MOST_AT_ONCE) {
    throw unavailable(`${running} diagnoses are under way`, {
      code: "CTR_DIAGNOSIS_BUSY",
      hint: "try again when one has ended",
    });
  }
  const { dataRoot, execRoot } = await engine.info();
  running++;
  try {
    const input = { dataRoot, execRoot, request };
    const events = jsonProgram<DiagnosisEvent>(diagnosisProgram(), { input, signal: exchange.signal });
    const sink = exchange.stream("application/x-ndjson");
    try {
      for await (const event of events) if (!(await sink.writeJson(event))) break;
    } catch (error) {
      await sink.writeJson({ type: "error", kind: "environment", message: messageOf(error) } satisfies DiagnosisEvent);
    }
    sink.end();
  } finally {
    running--;
  }
}
