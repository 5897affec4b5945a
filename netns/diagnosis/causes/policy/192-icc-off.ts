import type { Cause } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";
import { bannedHere } from "./banned.ts";

export const iccOff: Cause = {
  code: "CTRN192",
  severity: "note",
  heading: "Traffic between containers of this network is switched off",

  explain: (context) =>
    bannedHere(context, "icc").map(({ ban, obstacle }) => {
      const [from, to] = [ban.from.name, ban.to.name];
      const port = context.flow.destinationPort;
      return found(iccOff, obstacle, {
        object: `network ${ban.network.name}`,
        title: `This is as it should be: on network ${ban.network.name} containers are kept apart from each other.`,
        explanation:
          "The network was made so (enable_icc is false, or icc in daemon.json). The way to the outside is open.",
        evidence: [{ source: `ctr inspect ${ban.network.name}`, value: "com.docker.network.bridge.enable_icc: false" }],
        fix: byHand("Allow these two.", [
          ...[
            "ctr",
            "net",
            "allow",
            `container:${from}`,
            `container:${to}`,
            ...(port === 0 ? [] : ["--port", `${port}`]),
          ],
        ]),
      });
    }),
};
