/** `GET /events`. */
import { invalid } from "../../../lib/errors.ts";
import type { EngineEvent } from "../../events.ts";
import { type Filters, parseFilters } from "../decode/filters.ts";
import { parseTime } from "../decode/times.ts";
import type { ApiEngine } from "../engine-face.ts";
import type { Exchange } from "../exchange.ts";
import { eventView } from "../views/event.ts";

const EVENT_FILTERS = [
  "config",
  "container",
  "daemon",
  "event",
  "image",
  "label",
  "network",
  "node",
  "plugin",
  "scope",
  "secret",
  "service",
  "type",
  "volume",
] as const;

/** Events that wait for a client; one that reads slower loses its connection. */
const MAX_WAITING = 10_000;

/** Past events from `since` on, then new ones until `until` (which may be past) or the client's end. */
export async function streamEvents(exchange: Exchange, { events }: ApiEngine): Promise<void> {
  const filters = parseFilters(exchange.text("filters"), EVENT_FILTERS);
  const since = parseTime(exchange.text("since"));
  const until = parseTime(exchange.text("until"));
  if (since !== undefined && until !== undefined && since > until) {
    throw invalid(
      `\`since\` time (${exchange.text("since")}) cannot be after \`until\` time (${exchange.text("until")})`,
      "CTR_API_QUERY_INVALID",
    );
  }
  const { signal } = exchange;
  const waiting: EngineEvent[] = since === undefined && until === undefined ? [] : past(events.past, since ?? 0, until);
  let wake = (): void => {};
  const finished = (): boolean => signal.aborted || (until !== undefined && Date.now() * 1000 >= until);
  const unsubscribe = events.subscribe((event) => {
    waiting.push(event);
    wake();
  });
  const poke = (): void => wake();
  signal.addEventListener("abort", poke);
  const sink = exchange.stream("application/json");
  try {
    for (;;) {
      const batch = waiting.splice(0).filter((event) => isWanted(event, filters));
      const text = batch.map((event) => `${JSON.stringify(eventView(event))}\n`).join("");
      if (text !== "" && !(await sink.write(text))) return;
      if (waiting.length > MAX_WAITING) return;
      if (waiting.length > 0) continue;
      if (finished()) return;
      using _ = alarm(until, poke);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    unsubscribe();
    signal.removeEventListener("abort", poke);
    sink.end();
  }
}

/** The longest that Node's timers can wait, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Calls back about then, a moment early or on the way to a far time too: the caller looks at the clock and asks again. */
function alarm(time: number | undefined, callback: () => void): Disposable {
  const wait = time === undefined ? undefined : Math.ceil(time / 1000 - Date.now());
  const timer = wait === undefined ? undefined : setTimeout(callback, Math.min(Math.max(1, wait), LONGEST_TIMER));
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

function past(events: readonly EngineEvent[], since: number, until: number | undefined): EngineEvent[] {
  return events.filter(({ timeNano }) => timeNano / 1000 >= since && (until === undefined || timeNano / 1000 <= until));
}

/** Exported for tests. */
export function isWanted(event: EngineEvent, filters: Filters): boolean {
  const { Type, Action, Actor } = event;
  const names = [Actor.ID, Actor.Attributes["name"] ?? ""];
  const isAbout = (type: EngineEvent["Type"], value: string): boolean =>
    Type === type && names.some((name) => name === value || (name.length === 64 && name.startsWith(value)));
  return (
    // `exec_start: sh -c true` is the event `exec_start`.
    filters.any("event", (value) => Action === value || Action.startsWith(`${value}:`)) &&
    filters.any("type", (value) => Type === value) &&
    filters.any("scope", (value) => value === "local") &&
    filters.any("container", (value) => isAbout("container", value)) &&
    filters.any("network", (value) => isAbout("network", value)) &&
    filters.any("volume", (value) => isAbout("volume", value)) &&
    filters.any("daemon", (value) => isAbout("daemon", value)) &&
    filters.any("image", (value) => isOfImage(event, value)) &&
    filters.labels(Actor.Attributes)
  );
}

/** Events of an image, and those of containers made from it. */
function isOfImage({ Type, Actor }: EngineEvent, value: string): boolean {
  const names =
    Type === "image" ? [Actor.ID, Actor.Attributes["name"]] : Type === "container" ? [Actor.Attributes["image"]] : [];
  return names.some((name) => name === value || name?.split(":", 1)[0] === value);
}
