import { cableOfLink } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, HOST } from "../../types/index.ts";
import { deviceOf, placeOf } from "../facts.ts";
import { byHand, inPlace } from "../fixes.ts";
import { found } from "../found.ts";

export const rateLimited: Cause = {
  code: "CTRN609",
  severity: "error",
  heading: "A rate limit drops packets",

  explain: (context) =>
    obstaclesOfKind(context, "queue").map((obstacle) => {
      const { view } = context;
      const [place, device] = [placeOf(obstacle), deviceOf(obstacle)];
      const link = view.namespace(place)?.links.find(({ name }) => name === device);
      const queue =
        link?.qdiscs.find(({ rate }) => rate !== undefined) ?? link?.qdiscs.find(({ dropped }) => dropped > 0);
      const owner = cableOfLink(view, place, device)?.container.name;
      const rate = queue?.rate === undefined ? "" : ` to ${Math.round((queue.rate * 8) / 1000)} kbit/s`;
      return found(rateLimited, obstacle, {
        object: `queue of link ${device}${place === HOST ? "" : ` of ${view.nameOf(place)}`}`,
        title: `A limit on ${device || "a link"}${owner === undefined ? "" : ` (container ${owner})`} holds traffic down${rate}, and drops what is more.`,
        explanation:
          "It may have been set with ctr net shape, or with tc by somebody else. What does not fit waits, and is dropped when the queue is full.",
        evidence: [
          {
            source: `tc -s qdisc show dev ${device}`,
            value:
              queue === undefined
                ? obstacle.text
                : `${queue.kind} ${queue.handle}: dropped ${queue.dropped}, overlimits ${queue.overlimits}`,
          },
        ],
        fix: byHand(
          "Raise the limit, or take it away.",
          owner === undefined
            ? inPlace(place, view.nameOf(place), ["tc", "qdisc", "delete", "dev", device, "root"])
            : ["ctr", "net", "shape", owner, "--rate", "none"],
        ),
      });
    }),
};
