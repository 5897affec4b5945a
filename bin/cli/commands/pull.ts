import { text, toggle } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { pullImage } from "../container/pull.ts";
import { canonicalName, splitReference } from "../reference.ts";

export const command = defineCommand({
  summary: "Download an image from a registry",
  usage: "[OPTIONS] NAME[:TAG|@DIGEST]",
  operands: [1, 1],
  alsoKnownAs: ["image pull", "pull"],
  options: {
    platform: text({ help: "Platform when there are several, os/architecture[/variant]" }),
    quiet: toggle({ short: "q", help: "Only print the image's name" }),
  },
  examples: ["ctr pull 127.0.0.1:5000/app:1.2", "ctr pull --platform linux/arm64 alpine"],
  async run({ values, operands: [image = ""] }, { client }) {
    if (splitReference(image).tag === undefined && !values.quiet) process.stdout.write("Using default tag: latest\n");
    await pullImage(client, { image, platform: values.platform, output: values.quiet ? undefined : process.stdout });
    process.stdout.write(`${canonicalName(image)}\n`);
  },
});
