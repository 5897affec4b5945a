import { goJson } from "../../flags/go.ts";
import { text } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { filterOption, filterQuery } from "../filters.ts";
import { compileTemplate } from "../format/template/evaluate.ts";
import { timestampOf } from "../timestamp.ts";

interface EngineEvent {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> | null };
  readonly timeNano: number;
}

export const command = defineCommand({
  summary: "Show what happens in the engine, as it happens",
  usage: "[OPTIONS]",
  operands: [0, 0],
  alsoKnownAs: ["system events", "events"],
  options: {
    filter: filterOption('Only those that fit: "event=die", "container=web", "type=image"'),
    format: text({ help: "json, or a Go template: '{{.Action}}'" }),
    since: text({ help: "Begin with what has happened since then: a time, or 10m" }),
    until: text({ help: "End then: a time, or 10m" }),
  },
  examples: [
    "ctr events",
    "ctr events --filter event=die --format '{{.Actor.Attributes.name}}'",
    "ctr events --since 10m --until 0s",
  ],
  async run({ values }, { client }) {
    const show = eventFormat(values.format);
    const events = client.events<EngineEvent>("GET", "/events", {
      query: {
        filters: filterQuery(values.filter),
        since: values.since === undefined ? undefined : timestampOf(values.since, "since"),
        until: values.until === undefined ? undefined : timestampOf(values.until, "until"),
      },
    });
    for await (const event of events) process.stdout.write(`${show(event)}\n`);
  },
});

function eventFormat(format: string | undefined): (event: EngineEvent) => string {
  if (format === undefined || format === "") return eventLine;
  return format === "json" ? goJson : compileTemplate(format);
}

/** `2026-11-24T11:46:21.317578472+00:00 container start 8f67… (image=busybox, name=web)` */
function eventLine({ Type, Action, Actor, timeNano }: EngineEvent): string {
  const attributes = Object.entries(Actor.Attributes ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`);
  return `${localTime(timeNano)} ${Type} ${Action} ${Actor.ID}${attributes.length === 0 ? "" : ` (${attributes.join(", ")})`}`;
}

/** RFC 3339 with nanoseconds, in the user's time zone. */
function localTime(nanoseconds: number): string {
  const date = new Date(Math.floor(Math.round(nanoseconds / 1000) / 1000));
  const two = (value: number): string => String(value).padStart(2, "0");
  const offset = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, 19);
  // A number of this size is exact to 256 ns: microseconds are what is left of it.
  const fraction = String(Math.round(nanoseconds / 1000) % 1e6)
    .padStart(6, "0")
    .padEnd(9, "0");
  const zone = `${offset < 0 ? "-" : "+"}${two(Math.trunc(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  return `${local}.${fraction}${zone}`;
}
