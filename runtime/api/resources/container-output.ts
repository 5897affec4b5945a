/** What a container says: its logs. */
import { invalid } from "../../../lib/errors.ts";
import { parseTime } from "../decode/times.ts";
import type { ApiEngine } from "../engine-face.ts";
import type { Exchange } from "../exchange.ts";
import { streamContentType } from "../frames.ts";
import { writeOutput } from "../stdio.ts";

/** `GET /containers/{id}/logs`. */
export async function containerLogs(exchange: Exchange, { containers }: ApiEngine): Promise<void> {
  const container = containers.find(exchange.parameter("id"));
  const stdout = exchange.flag("stdout");
  const stderr = exchange.flag("stderr");
  if (!stdout && !stderr) {
    throw invalid("Bad parameters: you must choose at least one stream", "CTR_LOGS_NO_STREAM");
  }
  const tail = tailCount(exchange.text("tail"));
  const since = parseTime(exchange.text("since"));
  const until = parseTime(exchange.text("until"));
  const entries = containers.logs(container.id, {
    stdout,
    stderr,
    follow: exchange.flag("follow"),
    timestamps: exchange.flag("timestamps"),
    ...(tail === undefined ? {} : { tail }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    signal: exchange.signal,
  });
  const tty = container.config.Tty ?? false;
  const sink = exchange.stream(streamContentType(tty, exchange.version));
  for await (const { stream, data } of entries) {
    if (!(await writeOutput(sink, tty, stream, data))) break;
  }
  sink.end();
}

/** Docker takes what is no number, and `all`, as everything. */
function tailCount(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
