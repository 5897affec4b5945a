import { defineCommand } from "../command.ts";
import { splitReference } from "../reference.ts";

export const command = defineCommand({
  summary: "Give an image another name",
  usage: "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
  operands: [2, 2],
  alsoKnownAs: ["image tag", "tag"],
  options: {},
  examples: ["ctr tag busybox 127.0.0.1:5000/busybox:mine"],
  async run({ operands: [source = "", target = ""] }, { client }) {
    const { repository, tag = "latest" } = splitReference(target);
    await client.post(`/images/${encodeURIComponent(source)}/tag`, { query: { repo: repository, tag } });
  },
});
