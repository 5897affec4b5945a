import { obstaclesOfKind } from "../../obstacles.ts";
import type { Cause, Evidence, Finding, Fix, FlowContext, IntendedContainer } from "../../types/index.ts";
import { text } from "../facts.ts";
import { found } from "../found.ts";
import { translatedBefore } from "../translated.ts";
import { portsOfNumber, sleepersOf, strandedOnHost } from "../translation/published.ts";

/** Told also where the ends of a flow are looked up: there is nobody to send from or to. */
export const notRunning: Cause = {
  code: "CTRN611",
  severity: "error",
  heading: "The container does not run",
  explain: (context) => [...ofPort(context), ...ofAddress(context)],
};

/** A port of the host that a container publishes when it runs. */
function ofPort(context: FlowContext): Finding[] {
  const [stranded] = strandedOnHost(context);
  const sleepers = sleepersOf(context);
  const [first] = sleepers;
  if (stranded === undefined || first === undefined || portsOfNumber(context).length > 0) return [];
  if (translatedBefore(context, stranded).length > 0) return [];
  const { destinationPort, protocol } = context.flow;
  const port = `${destinationPort}/${protocol}`;
  const names = sleepers.map(({ name }) => name).join(" or ");
  const finding = found(notRunning, stranded, {
    object: `container ${first.name}, port ${port}`,
    title: `Port ${port} of the host is that of container ${names}, which does not run: nobody answers there.`,
    explanation: "A container's ports are open while it runs. What comes for them meanwhile, the host refuses.",
    evidence: sleepers.map(evidenceOf),
    fix: fixOf(first),
  });
  return [finding];
}

/** An address that a container keeps while it does not run. */
function ofAddress(context: FlowContext): Finding[] {
  const { flow, snapshot } = context;
  return obstaclesOfKind(context, "neighbour-silent").flatMap((obstacle) => {
    const address = text(obstacle, "address");
    const sleeper = snapshot.intent.containers.find(
      ({ running, endpoints }) =>
        !running && endpoints.some((endpoint) => endpoint.address === address || endpoint.address6 === address),
    );
    if (sleeper === undefined || address !== flow.destination) return [];
    return found(notRunning, obstacle, {
      object: `container ${sleeper.name}`,
      title: `${address} is the address of container ${sleeper.name}, which does not run: nobody answers there.`,
      explanation: "A container that is stopped keeps its addresses, but it has no network until it is started.",
      evidence: [evidenceOf(sleeper)],
      fix: fixOf(sleeper),
    });
  });
}

const evidenceOf = ({ name }: IntendedContainer): Evidence => ({
  source: `the engine's store (container ${name})`,
  value: "stopped",
  expected: "running",
});

const fixOf = ({ name }: IntendedContainer): Fix => ({
  text: `Start it; ctr logs ${name} tells why it has ended.`,
  commands: [["ctr", "start", name]],
  owned: true,
  action: undefined,
});
