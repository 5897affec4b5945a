import { type Obstacle, obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, type FlowContext, HOST } from "../../types/index.ts";
import { placeOf } from "../facts.ts";
import { repaired } from "../fixes.ts";
import { found } from "../found.ts";
import { lostPartsFor, lostRules } from "../own-rules.ts";
import { untrackedRules } from "../untracked.ts";
import { elementsOfPort, portsOfNumber, servesFlow, strandedOnHost } from "./published.ts";

export const portNotTranslated: Cause = {
  code: "CTRN204",
  severity: "error",
  heading: "A published port leads nowhere",

  inspect: (context) => lostRules(portNotTranslated, lostPartsFor(context, "CTRN204")),

  explain: (context) =>
    [...strandedOnHost(context), ...stuckOnHost(context)].flatMap((obstacle) => {
      const owned = portsOfNumber(context).find((port) => servesFlow(port, context));
      if (obstacle.kind === "program-stuck" && owned?.redirected === undefined) return [];
      const { flow, view } = context;
      if (owned === undefined || untrackedRules(view).length > 0) return [];
      // An entry for another address of the host is told by CTRN208.
      if (elementsOfPort(view, flow.family, flow.protocol, flow.destinationPort).length > 0) return [];
      const { container, port, redirected, proxied } = owned;
      const name = `${port.hostPort}/${port.protocol}`;
      return found(portNotTranslated, obstacle, {
        object: `port ${name} of container ${container.name}`,
        title: `Port ${name} is published for the container ${container.name}, but the host does not pass it on.`,
        explanation:
          redirected === undefined && proxied
            ? "This port is carried by ctr's companion process (ctr-dataplane), which does not listen there: it has ended, or " +
              "was kept from it."
            : "The entry that leads the port into the container has been taken out of ctr's table. The host itself has no " +
              "program there, so the connection is refused at once.",
        evidence: [
          {
            source: `nft list map inet ctr hp${flow.family}`,
            value: `no entry for ${flow.protocol} ${port.hostPort}`,
            expected: redirected === undefined ? "a proxy" : `${redirected.address} port ${port.containerPort}`,
          },
        ],
        fix: repaired("Writes all rules of ctr again, and starts its companion process."),
      });
    }),
};

/** The companion process has the port as well, and does not run: without the entry everything depends on it. */
const stuckOnHost = (context: FlowContext): readonly Obstacle[] =>
  obstaclesOfKind(context, "program-stuck").filter((obstacle) => placeOf(obstacle) === HOST);
