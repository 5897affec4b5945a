import { isLoopback } from "../../../ports/host-address.ts";
import { publishedPorts } from "../../intended.ts";
import { type Ruleset, type RulesetChain, rulesetOf } from "../../ruleset.ts";
import type { Cause } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";

/** A published port is forwarded: rules for what comes to the host itself (INPUT, ufw) never see it. */
export const inputFirewallBypassed: Cause = {
  code: "CTRN118",
  severity: "warning",
  heading: "A published port is open although the host's firewall closes it",

  inspect({ snapshot, view }) {
    const ruleset = rulesetOf(view.host);
    const closing = ruleset?.chains.find(closesInput);
    if (ruleset === undefined || closing === undefined) return [];
    const open = publishedPorts(snapshot).filter(
      ({ port, redirected }) =>
        redirected !== undefined && !isLoopback(port.hostIp) && !isMentioned(ruleset, port.hostPort),
    );
    const byPort = new Map(open.map((one) => [`${one.port.hostPort}/${one.port.protocol}`, one]));
    return [...byPort].map(([name, { container, port }]) =>
      found(inputFirewallBypassed, undefined, {
        object: `port ${name} of container ${container.name}`,
        title: `Port ${name} is open to everybody, although the host's own firewall lets nobody in there.`,
        explanation:
          "Published ports are led into the container before the host's input rules are asked. If that firewall is meant to " +
          "protect this port too, it does not.",
        evidence: [
          {
            source: `nft list chain ${closing.family} ${closing.table} ${closing.name}`,
            value: `policy ${closing.policy}, and no rule names port ${port.hostPort}`,
          },
        ],
        fix: byHand(
          "Publish it again with policy=hostfw (then the host's input rules decide), or for this host alone, or leave it as it is.",
          ["ctr", "net", "unpublish", container.name, `${port.hostPort}:${port.containerPort}/${port.protocol}`],
          [
            ...["ctr", "net", "publish", container.name],
            `published=${port.hostPort},target=${port.containerPort},protocol=${port.protocol},policy=hostfw`,
          ],
        ),
      }),
    );
  },
};

const closesInput = ({ type, hook, policy, family, table }: RulesetChain): boolean =>
  type === "filter" && hook === "input" && policy === "drop" && ["ip", "inet"].includes(family) && table !== "ctr";

/** A rule for the port anywhere: somebody has thought of it. */
function isMentioned({ chains }: Ruleset, port: number): boolean {
  const number = new RegExp(`"right":(?:${port}\\b|\\{"set":\\[[^\\]]*\\b${port}\\b|\\{"range":)`);
  return chains.some(({ table, rules }) => table !== "ctr" && rules.some(({ json }) => number.test(json)));
}
