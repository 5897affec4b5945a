/** Puts events of limits on the engine's event bus: Docker's `oom`, and ours beside it. */
import { emitContainer } from "../container/describe.ts";
import type { Parts } from "../container/parts.ts";
import { LimitWatch } from "./watch.ts";
import type { LimitEvent } from "./watch-events.ts";

/** A watch whose events go on the bus. A kill for lack of memory is kept, as Docker does, also while the container goes on. */
export function announcedWatch({ records, events, logger }: Pick<Parts, "records" | "events" | "logger">): LimitWatch {
  const announce = (event: LimitEvent): void => {
    const container = records.get(event.id)?.container;
    if (container === undefined) return;
    if (event.type === "oom") records.update(event.id, { oomKilled: true });
    const { action, attributes } = announcementOf(event);
    emitContainer({ events }, action, container, attributes);
  };
  return new LimitWatch({ nameOf: (id) => records.get(id)?.container.name, announce, logger });
}

/** An action of the event stream with its attributes. */
export interface Announcement {
  readonly action: "oom" | "limit" | "throttled" | "pressure";
  readonly attributes: Readonly<Record<string, string>>;
}

export function announcementOf(event: LimitEvent): Announcement {
  switch (event.type) {
    case "oom":
      // Docker's own event has no attributes beyond those of the container.
      return { action: "oom", attributes: {} };
    case "limit":
      return { action: "limit", attributes: { limit: event.limit, count: String(event.count) } };
    case "throttled":
      return { action: "throttled", attributes: { state: event.state, share: percent(event.share) } };
    case "pressure":
      return {
        action: "pressure",
        attributes: { resource: event.resource ?? "", state: event.state, share: percent(event.share) },
      };
  }
}

const percent = (share: number): string => `${Math.round(share * 100)}%`;
