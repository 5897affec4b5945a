import { text, toggle } from "../../flags/options.ts";
import type { ContainerDetails } from "../client/types.ts";
import { defineCommand } from "../command.ts";
import { copyOutput } from "../container/streams.ts";
import { timestampOf } from "../timestamp.ts";

export const command = defineCommand({
  summary: "Show the logs of a container",
  usage: "[OPTIONS] CONTAINER",
  operands: [1, 1],
  alsoKnownAs: ["container logs", "logs"],
  options: {
    follow: toggle({ short: "f", help: "Go on with what is written from now on" }),
    since: text({ help: "Only what is newer: 2026-01-02T13:23:37Z, or 42m for 42 minutes ago" }),
    tail: text({ short: "n", help: "Lines from the end (default all)" }),
    timestamps: toggle({ short: "t", help: "Show timestamps" }),
    until: text({ help: "Only what is older: 2026-01-02T13:23:37Z, or 42m for 42 minutes ago" }),
  },
  examples: ["ctr logs web", "ctr logs -f --tail 20 web", "ctr logs --since 10m -t web"],
  async run({ values, operands: [name = ""] }, { client }) {
    const { Id, Config } = await client.get<ContainerDetails>(`/containers/${encodeURIComponent(name)}/json`);
    const response = await client.stream("GET", `/containers/${Id}/logs`, {
      query: {
        stdout: 1,
        stderr: 1,
        follow: values.follow ? 1 : undefined,
        timestamps: values.timestamps ? 1 : undefined,
        since: values.since === undefined ? undefined : timestampOf(values.since, "since"),
        until: values.until === undefined ? undefined : timestampOf(values.until, "until"),
        tail: values.tail,
      },
    });
    await copyOutput(response, Config.Tty);
  },
});
