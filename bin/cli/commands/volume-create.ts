import { list, text } from "../../flags/options.ts";
import type { VolumeSummary } from "../client/types.ts";
import { defineCommand } from "../command.ts";
import { labelsOf } from "../container/environment.ts";
import { parseKeyValue, parseLabel } from "../container/values.ts";

export const command = defineCommand({
  summary: "Create a volume",
  usage: "[OPTIONS] [VOLUME]",
  operands: [0, 1],
  options: {
    driver: text({ short: "d", help: "local (default)" }),
    label: list({ help: "Set a label: key[=value]", parse: parseLabel }),
    opt: list({ short: "o", value: "map", help: "Option of the driver: key=value", parse: parseKeyValue }),
  },
  examples: [
    "ctr volume create data",
    "ctr volume create -o type=none -o o=bind -o device=/srv/data data   # a directory of the host",
  ],
  async run({ values, operands: [name] }, { client }) {
    const body = {
      ...(name === undefined ? {} : { Name: name }),
      ...(values.driver === undefined ? {} : { Driver: values.driver }),
      DriverOpts: Object.fromEntries(values.opt),
      Labels: labelsOf([], values.label),
    };
    const { Name } = await client.post<VolumeSummary>("/volumes/create", { body });
    console.log(Name);
  },
});
