import { cableOfLink, cablesOf, leadingEndpoint } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, HOST, type StateContext } from "../../types/index.ts";
import { deviceOf } from "../facts.ts";
import { repaired } from "../fixes.ts";
import { found } from "../found.ts";

/** A bridge sends a frame back where it came from only in hairpin mode, see bridge(8). */
export const hairpinOff: Cause = {
  code: "CTRN210",
  severity: "error",
  heading: "A container cannot reach itself through its published port",

  inspect(context) {
    if (context.view.host.sysctls["net.bridge.bridge-nf-call-iptables"] !== "1") return [];
    return cablesOf(context.view)
      .filter(({ outside, container, endpoint }) => {
        const leads = [leadingEndpoint(container, 4)?.id, leadingEndpoint(container, 6)?.id].includes(endpoint.id);
        return outside?.port?.hairpin === false && container.ports.length > 0 && leads;
      })
      .map(({ hostInterface }) =>
        found(hairpinOff, undefined, { ...caseOf(context, hostInterface), severity: "warning" }),
      );
  },

  explain: (context) =>
    obstaclesOfKind(context, "hairpin-off").map((obstacle) =>
      found(hairpinOff, obstacle, caseOf(context, deviceOf(obstacle))),
    ),
};

function caseOf({ view }: StateContext, device: string) {
  const name = cableOfLink(view, HOST, device)?.container.name ?? device;
  return {
    object: `link ${device} of container ${name}`,
    title: `The container ${name} cannot reach its own published port: the bridge does not send packets back to where they came from.`,
    explanation: `ctr switches that on (hairpin mode) for each of its cables; somebody has switched it off for ${device}.`,
    evidence: [{ source: `bridge -d link show dev ${device}`, value: "hairpin off", expected: "hairpin on" }],
    fix: repaired("ctr switches it on again."),
  };
}
