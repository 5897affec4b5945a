/** ctr's own: why a container was killed or is slow, which limits would fit it, and what has happened to limits. */
import { CtrError, messageOf } from "../../../lib/errors.ts";
import type { LimitEvent } from "../../limits/watch-events.ts";
import { parseTime } from "../decode/times.ts";
import type { ApiEngine } from "../engine-face.ts";
import type { Exchange } from "../exchange.ts";
import { limitEventView } from "../views/limit-event.ts";

/** `GET /ctr/containers/{id}/explain`. */
export async function explainContainer(exchange: Exchange, { containers }: ApiEngine): Promise<void> {
  exchange.json(200, await containers.insight.explain(exchange.parameter("id")));
}

/** Seconds that a container is recorded when the client says nothing. */
const DEFAULT_SECONDS = 60;

/** `GET /ctr/containers/{id}/advice?seconds=N`: lines of progress, and in the last one the advice, or an error. */
export async function adviseContainer(exchange: Exchange, { containers }: ApiEngine): Promise<void> {
  const seconds = exchange.integer("seconds") ?? DEFAULT_SECONDS;
  const steps = containers.insight.advise(exchange.parameter("id"), seconds, exchange.signal);
  // What is wrong with the request shows in the first step, before the answer begins.
  const first = await steps.next();
  const sink = exchange.stream("application/json");
  try {
    for (let step = first; step.done !== true; step = await steps.next()) {
      if (!(await sink.writeJson(step.value))) break;
    }
  } catch (error) {
    await sink.writeJson({ error: messageOf(error) });
  }
  sink.end();
}

/** Events that wait for a client; one that reads slower loses its connection. */
const MAX_WAITING = 10_000;

/** `GET /ctr/limits/events?follow=1&since=…&container=…`: the last events, then with `follow` new ones until the client's end. */
export async function streamLimitEvents(exchange: Exchange, engine: ApiEngine): Promise<void> {
  const { events } = engine.containers.insight;
  const since = (parseTime(exchange.text("since")) ?? 0) / 1000;
  const isWanted = wantedContainers(engine, exchange.query.getAll("container"));
  const { signal } = exchange;
  const waiting = events.past.filter(({ time }) => time >= since);
  let wake = (): void => {};
  using _subscription = events.subscribe((event) => {
    waiting.push(event);
    wake();
  });
  const poke = (): void => wake();
  signal.addEventListener("abort", poke);
  const sink = exchange.stream("application/json");
  while (!signal.aborted) {
    const batch = waiting.splice(0).filter(isWanted);
    const text = batch.map((event) => `${JSON.stringify(limitEventView(event))}\n`).join("");
    if (text !== "" && !(await sink.write(text))) break;
    if (waiting.length > MAX_WAITING || !exchange.flag("follow")) break;
    if (waiting.length > 0) continue;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
  signal.removeEventListener("abort", poke);
  sink.end();
}

/**
 * Containers by reference; also by the name of one that is gone and has left events.
 * @throws `notFound`
 */
function wantedContainers({ containers }: ApiEngine, references: readonly string[]): (event: LimitEvent) => boolean {
  if (references.length === 0) return () => true;
  const wanted = new Set<string>();
  for (const reference of references) {
    try {
      wanted.add(containers.find(reference).id);
    } catch (error) {
      const isRemembered = containers.insight.events.past.some(({ name }) => name === reference);
      if (!isRemembered || !(error instanceof CtrError) || error.kind !== "notFound") throw error;
      wanted.add(reference);
    }
  }
  return ({ id, name }) => wanted.has(id) || wanted.has(name);
}
