import type { Cause } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";
import { bannedHere } from "./banned.ts";

export const internalNetwork: Cause = {
  code: "CTRN191",
  severity: "note",
  heading: "The network is internal",

  explain: (context) =>
    bannedHere(context, "internal").map(({ ban, obstacle }) => {
      const { container, network } = ban;
      return found(internalNetwork, obstacle, {
        object: `network ${network.name}`,
        title: `This is as it should be: network ${network.name} is internal, so nothing leaves it and nothing gets in.`,
        explanation: `It was made with --internal. ${container.name} reaches the others of that network, and the host.`,
        evidence: [{ source: `ctr inspect ${network.name}`, value: "Internal: true" }],
        fix: byHand(`Put ${container.name} on a network that leads out, too.`, [
          "ctr",
          "net",
          "connect",
          "bridge",
          container.name,
        ]),
      });
    }),
};
