import { isUntaken } from "../../outcomes.ts";
import { type Cause, HOST } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";
import { listenersOf, listenerText } from "./listeners.ts";

export const connectionNotTaken: Cause = {
  code: "CTRN612",
  severity: "error",
  heading: "The program does not take the connection",

  explain({ observations, view }) {
    if (observations === undefined || !isUntaken(observations)) return [];
    return (observations.untaken ?? []).map(({ place, port, waiting, backlog }) => {
      const namespace = view.namespace(place);
      const socket = namespace && listenersOf(namespace, "tcp").find((one) => one.port === port);
      const who = socket === undefined ? `the program on port ${port}` : listenerText(socket);
      const name = place === HOST ? "the host" : `container ${view.nameOf(place)}`;
      return found(connectionNotTaken, undefined, {
        object: `${name}, port ${port}`,
        title: `The network is fine: the connection is made, and the program in ${name} does not take it (${who}).`,
        explanation:
          "A kernel makes connections by itself, and keeps them until the program asks for them. This one does not ask: it is busy with " +
          "something else, waits for something itself, or hangs.",
        evidence: [
          {
            source: `ss -lnt (in ${view.nameOf(place)})`,
            value: `${waiting} wait on port ${port}, ${backlog} may`,
            expected: "0 wait",
          },
        ],
        fix: byHand(
          "Look at what the program does.",
          ...(place === HOST
            ? []
            : [
                ["ctr", "logs", "--tail", "20", view.nameOf(place)],
                ["ctr", "top", view.nameOf(place)],
              ]),
        ),
        confidence: "confirmed",
      });
    });
  },
};
