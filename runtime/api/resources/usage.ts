/** What containers use: Docker's statistics, and ctr's own for all of them at once. */
import { invalid } from "../../../lib/errors.ts";
import type { ApiEngine } from "../engine-face.ts";
import type { Exchange } from "../exchange.ts";
import { statsSample } from "../samples.ts";
import { noStatsView, type StatsSample, statsView } from "../views/stats.ts";
import { USAGE_PARTS, type UsageChoice, usageView } from "../views/usage.ts";

/** Milliseconds between two samples, where the client does not say. */
const INTERVAL = 1000;
const SHORTEST_INTERVAL = 100;
const LONGEST_INTERVAL = 3_600_000;

/** `GET /containers/{id}/stats`: a line every second, or one. */
export async function containerStats(exchange: Exchange, engine: ApiEngine): Promise<void> {
  const container = engine.containers.find(exchange.parameter("id"));
  const streams = exchange.flag("stream", true);
  const isOneShot = exchange.flag("one-shot");
  if (isOneShot && streams) throw invalid("cannot have stream=true and one-shot=true", "CTR_STATS_OPTIONS");
  const viewOf = (sample: StatsSample | undefined, previous: StatsSample | undefined) =>
    sample === undefined ? noStatsView(container) : statsView(container, sample, previous, engine.cgroups.host);
  let previous = streams ? undefined : statsSample(engine.sampler.now(), container);
  if (!streams && (isOneShot || previous === undefined)) return exchange.json(200, viewOf(previous, undefined));
  const sink = exchange.stream("application/json");
  for await (const tick of engine.sampler.every(INTERVAL, { first: streams, signal: exchange.signal })) {
    const present = tick.containers.find(({ id }) => id === container.id);
    if (present === undefined) break;
    const sample = statsSample(tick, present);
    if (!(await sink.writeJson(viewOf(sample, previous))) || !streams) break;
    previous = sample;
  }
  sink.end();
}

/**
 * `GET /ctr/stats?stream=1&interval=ms&all=1&id=…&parts=waited,networks,io`: all running containers in one line an
 * interval; with `all` those that do not run, too; with ids or names those alone, for as long as one of them exists. All
 * parts when none is named.
 */
export async function streamUsage(exchange: Exchange, engine: ApiEngine): Promise<void> {
  const choice = choiceOf(exchange, engine);
  const interval = intervalOf(exchange);
  const { memoryTotal } = engine.cgroups.host;
  if (!exchange.flag("stream")) return exchange.json(200, usageView(engine.sampler.now(), choice, memoryTotal));
  const sink = exchange.stream("application/json");
  for await (const tick of engine.sampler.every(interval, { first: true, signal: exchange.signal })) {
    const view = usageView(tick, choice, memoryTotal);
    if (choice.ids !== undefined && view.Containers.length === 0) break;
    if (!(await sink.writeJson(view))) break;
  }
  sink.end();
}

/** @throws `notFound` for a name that no container has */
function choiceOf(exchange: Exchange, { containers }: ApiEngine): UsageChoice {
  const names = exchange.query.getAll("id");
  const ids = names.length === 0 ? undefined : new Set(names.map((name) => containers.find(name).id));
  return { ids, all: exchange.flag("all"), parts: partsOf(exchange.text("parts")) };
}

function partsOf(text: string | undefined): UsageChoice["parts"] {
  const names = text?.split(",");
  return new Set(USAGE_PARTS.filter((part) => names === undefined || names.includes(part)));
}

function intervalOf(exchange: Exchange): number {
  const interval = exchange.integer("interval") ?? INTERVAL;
  if (interval >= SHORTEST_INTERVAL && interval <= LONGEST_INTERVAL) return interval;
  throw invalid(`invalid interval: ${interval}`, {
    code: "CTR_STATS_INTERVAL",
    hint: `give milliseconds, ${SHORTEST_INTERVAL} to ${LONGEST_INTERVAL}`,
  });
}
