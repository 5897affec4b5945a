import { obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, HOST } from "../../types/index.ts";
import { placeOf, text } from "../facts.ts";
import { byHand, inPlace } from "../fixes.ts";
import { found } from "../found.ts";

/** See ip(7), IP_PKTINFO: of datagrams the kernel keeps no connection that would tell which address was asked. */
export const answersFromElsewhere: Cause = {
  code: "CTRN613",
  severity: "error",
  heading: "The program answers from another of its addresses",

  explain: (context) =>
    obstaclesOfKind(context, "answer-source").map((obstacle) => {
      const place = placeOf(obstacle);
      const name = context.view.nameOf(place);
      const [address, asked, port] = [text(obstacle, "address"), text(obstacle, "expected"), text(obstacle, "port")];
      const who = place === HOST ? "the host" : `container ${name}`;
      return found(answersFromElsewhere, obstacle, {
        object: `${who}, port ${port}/udp`,
        title: `The program in ${name} was asked at ${asked} and answers from ${address}, so its client does not take the answer.`,
        explanation:
          `It listens on all addresses, and for the way to the client the kernel chooses ${address}. Firewalls take such an answer for ` +
          "an unknown packet, too.",
        evidence: [
          { source: `ss -lnu (in ${name})`, value: `port ${port} on all addresses`, expected: asked },
          { source: `ip route get (in ${name})`, value: `src ${address}`, expected: `src ${asked}` },
        ],
        fix: byHand(
          `Let the program listen on ${asked}, or let the route to its clients name that address.`,
          inPlace(place, name, ["ip", "route", "show"]),
        ),
      });
    }),
};
