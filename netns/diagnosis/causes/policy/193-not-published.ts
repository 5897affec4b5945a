import type { Cause, FlowContext, IntendedContainer } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { meantContainer, portsOfNumber, strandedOnHost } from "../translation/published.ts";
import { bannedHere } from "./banned.ts";

export const notPublished: Cause = {
  code: "CTRN193",
  severity: "note",
  heading: "The port is not published",

  explain(context) {
    const [banned] = bannedHere(context, "unpublished");
    if (banned !== undefined) {
      return [found(notPublished, banned.obstacle, caseOf(banned.ban.container, banned.ban.port, context))];
    }
    // To an address of the host, where a container was meant.
    const [stranded] = strandedOnHost(context);
    const container = meantContainer(context);
    if (stranded === undefined || container === undefined || portsOfNumber(context).length > 0) return [];
    return [found(notPublished, stranded, caseOf(container, context.flow.destinationPort, context))];
  },
};

function caseOf({ name, ports, exposed }: IntendedContainer, port: number, { flow }: FlowContext): Case {
  const present = ports.map((one) => `${one.hostPort}->${one.containerPort}/${one.protocol}`).join(", ");
  return {
    object: `container ${name}, port ${port}/${flow.protocol}`,
    title: `This is as it should be: port ${port} of ${name} is not published, so nobody outside of its networks reaches it.`,
    explanation: "From elsewhere containers are reached by published ports only, at an address of the host.",
    evidence: [
      { source: `ctr port ${name}`, value: present || "none" },
      ...(exposed.length === 0 ? [] : [{ source: "exposed by the image", value: exposed.join(", ") }]),
    ],
    fix: byHand("Publish it.", [
      "ctr",
      "net",
      "publish",
      name,
      `${port}:${port}${flow.protocol === "udp" ? "/udp" : ""}`,
    ]),
  };
}
