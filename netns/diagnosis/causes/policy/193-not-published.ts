import { type Cause, type FlowContext, HOST, type IntendedContainer } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { translatedBefore } from "../translated.ts";
import { meantContainer, portsOfNumber, sleepersOf, strandedOnHost } from "../translation/published.ts";
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
    // To an address of the host, where a container was meant, or none has the port.
    const [stranded] = strandedOnHost(context);
    if (stranded === undefined || portsOfNumber(context).length > 0 || translatedBefore(context, stranded).length > 0)
      return [];
    if (sleepersOf(context).length > 0) return [];
    const container = meantContainer(context);
    if (container !== undefined)
      return [found(notPublished, stranded, caseOf(container, context.flow.destinationPort, context))];
    return context.flow.from === HOST ? [] : [found(notPublished, stranded, caseOfNobody(context))];
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

function caseOfNobody({ flow }: FlowContext): Case {
  const port = `${flow.destinationPort}/${flow.protocol}`;
  return {
    object: `the host, port ${port}`,
    title: `No container has published port ${port}, and no program of the host listens there.`,
    explanation: "The host refuses what comes for a port that nobody has.",
    evidence: [{ source: "ctr net ports", value: `no port ${port}` }],
    fix: byHand("See which ports are published; publish the one that is meant with ctr net publish.", [
      "ctr",
      "net",
      "ports",
    ]),
  };
}
