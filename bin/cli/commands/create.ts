import { defineCommand } from "../command.ts";
import { createContainer } from "../container/create.ts";
import { runFailure } from "../container/failure.ts";
import { CONTAINER_OPTIONS } from "../container/options.ts";
import { createRequest } from "../container/request.ts";

export const command = defineCommand({
  summary: "Create a new container, and do not start it",
  usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  operands: [1, Number.POSITIVE_INFINITY],
  stopsAtOperand: true,
  alsoKnownAs: ["container create", "create"],
  options: CONTAINER_OPTIONS,
  examples: [
    "ctr create --name job -m 128m busybox sh -c 'echo done'",
    "ctr start -a job   # run it and see its output",
  ],
  async run({ values, operands: [image = "", ...command] }, { client }) {
    try {
      const request = createRequest({ values, image, command, detached: false });
      process.stdout.write(`${await createContainer(client, request, values)}\n`);
    } catch (error) {
      throw runFailure(error, "create");
    }
  },
});
