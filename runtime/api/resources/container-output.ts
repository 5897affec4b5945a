/** What a container says and uses: logs, statistics, processes. */
import { runCommand } from "../../../lib/command.ts";
import { conflict, invalid, messageOf } from "../../../lib/errors.ts";
import { parseTime } from "../decode/times.ts";
import type { ApiEngine } from "../engine-face.ts";
import type { Exchange } from "../exchange.ts";
import { streamContentType } from "../frames.ts";
import { sampleStats, samples } from "../samples.ts";
import { writeOutput } from "../stdio.ts";
import { statsView } from "../views/stats.ts";
import { isRunning } from "../views/status.ts";
import { processTable } from "../views/top.ts";

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

/** `GET /containers/{id}/stats`: a line every second, or one. */
export async function containerStats(exchange: Exchange, engine: ApiEngine): Promise<void> {
  const { containers } = engine;
  const container = containers.find(exchange.parameter("id"));
  if (exchange.flag("one-shot")) {
    if (exchange.flag("stream", true)) {
      throw invalid("cannot have stream=true and one-shot=true", "CTR_STATS_OPTIONS");
    }
    return exchange.json(200, statsView(container, sampleStats(engine, container), undefined));
  }
  const streams = exchange.flag("stream", true);
  const { signal } = exchange;
  const sink = exchange.stream("application/json");
  let previous = streams ? undefined : sampleStats(engine, container);
  for await (const sample of samples(engine, container.id, { first: streams, signal })) {
    if (!(await sink.writeJson(statsView(container, sample, previous))) || !streams) break;
    previous = sample;
  }
  sink.end();
}

/** `GET /containers/{id}/top`. */
export async function containerTop(exchange: Exchange, { containers, cgroups }: ApiEngine): Promise<void> {
  const container = containers.find(exchange.parameter("id"));
  if (!isRunning(container)) throw conflict(`container ${container.id} is not running`, "CTR_CONTAINER_NOT_RUNNING");
  const ps = await runCommand(["ps", ...(exchange.text("ps_args") ?? "-ef").trim().split(/\s+/)]).catch((error) => {
    throw invalid(`ps: ${messageOf(error)}`, { code: "CTR_TOP_FAILED", cause: error });
  });
  exchange.json(200, processTable(ps.stdout, new Set(cgroups.processes(container.id))));
}
