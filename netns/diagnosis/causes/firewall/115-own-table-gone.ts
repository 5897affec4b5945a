import { bridgeNetworks } from "../../intended.ts";
import { obstaclesOf } from "../../obstacles.ts";
import { rulesetOf } from "../../ruleset.ts";
import type { Cause, StateContext } from "../../types/index.ts";
import { repaired } from "../fixes.ts";
import { found } from "../found.ts";

/** `nft flush ruleset`, a reload of firewalld, another engine: the table is gone, or has nothing in it. */
export const ownTableGone: Cause = {
  code: "CTRN115",
  severity: "error",
  heading: "Somebody removed all rules of ctr",

  inspect: (context) => (isTableGone(context) ? [found(ownTableGone, undefined, caseOf(context))] : []),

  // Whatever the flow dies of, or passes by: without the rules nothing works as it has to.
  explain: (context) =>
    isTableGone(context) && (context.walk.result !== "arrives" || context.walk.deaths.length > 0)
      ? [found(ownTableGone, obstaclesOf(context)[0], caseOf(context))]
      : [],
};

/** False where it is not known, and where the user makes the rules himself. */
export function isTableGone({ snapshot, view }: StateContext): boolean {
  const { iptables, firewallBackend } = snapshot.intent.settings;
  if (!iptables || !bridgeNetworks(snapshot).some(({ used }) => used)) return false;
  return firewallBackend === "nftables" ? isNftTableGone(view) : areIptablesChainsGone(view);
}

function isNftTableGone({ host }: StateContext["view"]): boolean {
  const ruleset = rulesetOf(host);
  if (ruleset === undefined) return false;
  const [forward, postrouting] = ["forward", "postrouting"].map((name) => ruleset.chain("inet", "ctr", name));
  return (forward?.rules.length ?? 0) === 0 && (postrouting?.rules.length ?? 0) === 0;
}

/** Where the text of iptables is not there, it could not be read. */
function areIptablesChainsGone({ host, snapshot }: StateContext["view"]): boolean {
  if (snapshot.notRead.some(({ what }) => what.startsWith("iptables"))) return false;
  return !host.iptables.some(({ text }) => text.includes("-A FORWARD") && text.includes("CTR-FORWARD"));
}

function caseOf({ snapshot }: StateContext) {
  const isNft = snapshot.intent.settings.firewallBackend === "nftables";
  return {
    object: isNft ? "table inet ctr" : "chains CTR-… of iptables",
    title: "All firewall rules of ctr were removed: containers neither reach the outside nor are they reached.",
    explanation:
      "Without them nothing is translated to the host's address, published ports lead nowhere, and networks are not kept " +
      "apart. `nft flush ruleset`, a reload of firewalld or another container engine does that. ctr's engine mends it within " +
      "a second while it runs.",
    evidence: [
      { source: isNft ? "nft list table inet ctr" : "iptables-save", value: "no rules", expected: "ctr's rules" },
    ],
    fix: repaired("Writes all rules of ctr again (so does starting the engine)."),
  };
}
