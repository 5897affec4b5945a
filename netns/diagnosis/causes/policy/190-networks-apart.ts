import type { Cause } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";
import { bannedHere } from "./banned.ts";

export const networksApart: Cause = {
  code: "CTRN190",
  severity: "note",
  heading: "Networks are kept apart",

  explain: (context) =>
    bannedHere(context, "apart").map(({ ban, obstacle }) => {
      const [from, to] = [ban.from.name, ban.to.name];
      const network = ban.to.endpoints[0]?.networkName ?? "";
      const port = context.flow.destinationPort;
      return found(networksApart, obstacle, {
        object: `containers ${from} and ${to}`,
        title: `This is as it should be: ${from} and ${to} are on different networks, and ctr keeps networks apart.`,
        explanation: "Containers reach each other when they are on one network, or when it was allowed.",
        evidence: [{ source: "ctr net map", value: `${from}: ${namesOf(ban.from)}; ${to}: ${namesOf(ban.to)}` }],
        fix: byHand(
          `Allow it, or put ${from} on the other network.`,
          ["ctr", "net", "allow", `container:${from}`, `container:${to}`, ...(port === 0 ? [] : ["--port", `${port}`])],
          ["ctr", "net", "connect", network, from],
        ),
      });
    }),
};

const namesOf = ({ endpoints }: { readonly endpoints: readonly { readonly networkName: string }[] }): string =>
  endpoints.map(({ networkName }) => networkName).join(", ");
