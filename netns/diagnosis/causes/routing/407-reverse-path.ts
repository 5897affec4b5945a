import { obstaclesOfKind } from "../../obstacles.ts";
import type { Cause } from "../../types/index.ts";
import { deviceOf, placeOf, text } from "../facts.ts";
import { byHand, inPlace } from "../fixes.ts";
import { found } from "../found.ts";

/** Of `all` and the link the higher value counts, see ip-sysctl, rp_filter. */
export const reversePath: Cause = {
  code: "CTRN407",
  severity: "error",
  heading: "The kernel takes the packet for a forgery (reverse path filter)",

  explain: (context) =>
    obstaclesOfKind(context, "reverse-path").map((obstacle) => {
      const { view, flow } = context;
      const [place, device] = [placeOf(obstacle), deviceOf(obstacle)];
      const sysctls = view.namespace(place)?.sysctls ?? {};
      const expected = text(obstacle, "expectedDevice");
      const source = obstacle.packet?.source ?? flow.source;
      const keys = ["all", device].map((name) => `net.ipv4.conf.${name}.rp_filter`);
      const key = keys.find((one) => sysctls[one] === "1") ?? keys[1] ?? "";
      return found(reversePath, obstacle, {
        object: `sysctl ${key}`,
        title: `The kernel drops what comes in by ${device || "a link"} from ${source || "that address"}, because it would answer by another way.`,
        explanation:
          "With the strict reverse path filter a packet is accepted only from the link that leads back to its source" +
          `${expected === "" ? "" : `, which is ${expected} here`}. With two uplinks, or a route that was changed, honest packets fail as well.`,
        evidence: keys.map((one) => ({
          source: `sysctl ${one}`,
          value: sysctls[one] ?? "not there",
          expected: "0 or 2",
        })),
        fix: byHand(
          "Use the loose filter (2), or mend the route back.",
          inPlace(place, view.nameOf(place), ["sysctl", "-w", `${key}=2`]),
        ),
      });
    }),
};
