import { obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, HOST, type IntendedContainer } from "../../types/index.ts";
import { placeOf } from "../facts.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";

/** On the network `none` there is an endpoint without an address. */
const isUsed = ({ address, address6 }: IntendedContainer["endpoints"][number]): boolean =>
  address !== "" || address6 !== "";

/** Of a destination that has none it is told where the ends of a flow are looked up. */
export const noNetwork: Cause = {
  code: "CTRN194",
  severity: "note",
  heading: "The container has no network",

  explain: (context) =>
    obstaclesOfKind(context, "no-route", "no-source-address").flatMap((obstacle) => {
      const place = placeOf(obstacle);
      const [container] = place === HOST ? [] : context.view.containersIn(place);
      if (container === undefined || container.endpoints.some(isUsed)) return [];
      const { name, networkMode } = container;
      const isAsked = networkMode === "none";
      return found(noNetwork, obstacle, {
        object: `container ${name}`,
        title: `Container ${name} has no network: ${isAsked ? "it was made so" : "it was taken off all of its networks"}.`,
        explanation: `It has the loopback interface alone${isAsked ? ", as --network none asks for" : ""}. Nothing outside of it can be reached.`,
        evidence: [{ source: "network mode", value: networkMode }],
        fix: byHand("Put it on a network.", ["ctr", "net", "connect", "NETWORK", name]),
      });
    }),
};
