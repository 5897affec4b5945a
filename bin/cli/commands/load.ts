import { text, toggle } from "../../flags/options.ts";
import type { ProgressMessage } from "../client/types.ts";
import { defineCommand } from "../command.ts";
import { CliError } from "../errors.ts";
import { openInput } from "../input.ts";
import { showProgress } from "../terminal/progress.ts";
import { inputIsTerminal } from "../terminal/terminal.ts";

export const command = defineCommand({
  summary: "Load images from an archive, of docker save or in OCI layout",
  usage: "[OPTIONS]",
  operands: [0, 0],
  alsoKnownAs: ["image load", "load"],
  options: {
    input: text({ short: "i", help: "Read from a file instead of STDIN" }),
    quiet: toggle({ short: "q", help: "Do not show progress" }),
  },
  examples: ["ctr load -i app.tar.gz", "docker save app | ctr load"],
  async run({ values }, { client }) {
    if (values.input === undefined && inputIsTerminal()) {
      throw new CliError("requested load from stdin, but stdin is empty");
    }
    const upload = await openInput(values.input);
    await client.ping();
    const messages = client.events<ProgressMessage>("POST", "/images/load", {
      upload,
      query: { quiet: values.quiet || !process.stdout.isTTY ? 1 : 0 },
      headers: { "Content-Type": "application/x-tar" },
    });
    await showProgress(messages, process.stdout);
  },
});
