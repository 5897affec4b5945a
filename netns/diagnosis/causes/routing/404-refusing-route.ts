import { obstaclesOfKind } from "../../obstacles.ts";
import type { Cause } from "../../types/index.ts";
import { found } from "../found.ts";
import { caseOfClosedWay, closedWay } from "./closed-ways.ts";

export const refusingRoute: Cause = {
  code: "CTRN404",
  severity: "error",
  heading: "A route or routing rule refuses the packets",

  explain: (context) =>
    obstaclesOfKind(context, "route-unreachable", "route-prohibited").map((obstacle) => {
      const way = closedWay(context, obstacle, [obstacle.kind === "route-prohibited" ? "prohibit" : "unreachable"]);
      return found(refusingRoute, obstacle, caseOfClosedWay(context, obstacle, way, "refuses"));
    }),
};
