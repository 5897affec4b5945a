import { obstaclesOfKind } from "../../obstacles.ts";
import type { Cause } from "../../types/index.ts";
import { placeOf } from "../facts.ts";
import { byHand, inPlace } from "../fixes.ts";
import { found } from "../found.ts";

export const ttlExpired: Cause = {
  code: "CTRN408",
  severity: "error",
  heading: "The packet may not pass any further router",

  explain: (context) =>
    obstaclesOfKind(context, "ttl-expired").map((obstacle) => {
      const { view, flow } = context;
      const key = "net.ipv4.ip_default_ttl";
      const value = view.namespace(flow.from)?.sysctls[key];
      return found(ttlExpired, obstacle, {
        object:
          value === undefined || Number(value) > 1
            ? "the packet's time to live"
            : `sysctl ${key} of ${view.nameOf(flow.from)}`,
        title: "The packet has used up the number of routers it may pass, and is thrown away at the host.",
        explanation:
          "Each router takes one off a packet's time to live. It was sent with too little, by a program or by a kernel setting, or " +
          "it goes round in circles between two routers.",
        evidence: [
          ...(value === undefined
            ? []
            : [{ source: `sysctl ${key} (in ${view.nameOf(flow.from)})`, value, expected: "64" }]),
          { source: "place", value: view.nameOf(placeOf(obstacle)) },
        ],
        fix: byHand("Send with the usual time to live, or look for the loop.", [
          ...inPlace(flow.from, view.nameOf(flow.from), ["sysctl", "-w", `${key}=64`]),
        ]),
      });
    }),
};
