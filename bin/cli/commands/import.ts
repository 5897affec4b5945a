import { list, text } from "../../flags/options.ts";
import type { ProgressMessage } from "../client/types.ts";
import { defineCommand } from "../command.ts";
import { openInput } from "../input.ts";
import { splitReference } from "../reference.ts";
import { showProgress } from "../terminal/progress.ts";

export const command = defineCommand({
  summary: "Make an image of a root file system in a tar archive",
  usage: "[OPTIONS] file|- [REPOSITORY[:TAG]]",
  operands: [1, 2],
  alsoKnownAs: ["image import", "import"],
  options: {
    change: list({ short: "c", help: "Instruction of a Dockerfile for the image: 'CMD [\"sh\"]'" }),
    message: text({ short: "m", help: "Comment of the image" }),
    platform: text({ help: "Platform of the image, os/architecture[/variant]" }),
  },
  examples: ["tar -C rootfs -c . | ctr import -c 'CMD [\"sh\"]' - mine:1", "ctr import rootfs.tar.gz mine"],
  async run({ values, operands: [source = "", reference] }, { client }) {
    const upload = await openInput(source === "-" ? undefined : source);
    await client.ping();
    const { repository, tag } = splitReference(reference ?? "");
    const messages = client.events<ProgressMessage>("POST", "/images/create", {
      upload,
      query: {
        fromSrc: "-",
        repo: repository === "" ? undefined : repository,
        tag,
        message: values.message,
        changes: values.change,
        platform: values.platform,
      },
      headers: { "Content-Type": "application/x-tar" },
    });
    await showProgress(messages, process.stdout);
  },
});
