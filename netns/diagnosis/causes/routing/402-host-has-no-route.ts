import { obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, HOST } from "../../types/index.ts";
import { placeOf } from "../facts.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";

export const hostHasNoRoute: Cause = {
  code: "CTRN402",
  severity: "error",
  heading: "The host itself does not know the way",

  explain: (context) =>
    obstaclesOfKind(context, "no-route", "answer-unroutable")
      .filter((obstacle) => placeOf(obstacle) === HOST)
      .flatMap((obstacle) => {
        const { flow, view } = context;
        const destination = obstacle.packet?.destination ?? flow.destination;
        if (view.networkOfAddress(destination) !== undefined) return [];
        return found(hostHasNoRoute, obstacle, {
          object: "routes of the host",
          title: `The host has no route to ${destination}, so neither has any container.`,
          explanation:
            "Containers' traffic goes the way that the host's own would. The host's uplink is down, was never set up, or its " +
            "default route was removed; ctr does not make routes to the outside.",
          evidence: [
            {
              source: `ip ${flow.family === 6 ? "-6 " : ""}route get ${destination}`,
              value: "network is unreachable",
              expected: "a route",
            },
          ],
          fix: byHand("Bring the host's own network up first.", [
            "ip",
            ...(flow.family === 6 ? ["-6"] : []),
            "route",
            "show",
            "table",
            "all",
          ]),
        });
      }),
};
