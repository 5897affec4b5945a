import { isLoopback } from "../../../ports/host-address.ts";
import { publishedPorts } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import type { Cause, StateContext } from "../../types/index.ts";
import { text } from "../facts.ts";
import { repaired } from "../fixes.ts";
import { found } from "../found.ts";

const keyOf = (bridge: string): string => `net.ipv4.conf.${bridge}.route_localnet`;

/** The kernel sends packets from 127.0.0.0/8 into a bridge only with route_localnet, see ip-sysctl. */
export const localhost: Cause = {
  code: "CTRN209",
  severity: "error",
  heading: "A published port is not reached at localhost",

  inspect(context) {
    const { snapshot, view } = context;
    const bridges = publishedPorts(snapshot)
      .filter(
        ({ redirected, port }) => redirected !== undefined && (port.hostIp === "0.0.0.0" || isLoopback(port.hostIp)),
      )
      .flatMap(({ redirected }) => view.networkOfAddress(redirected?.address ?? "")?.bridge ?? []);
    return [...new Set(bridges)]
      .filter((bridge) => isOff(context, bridge))
      .map((bridge) => found(localhost, undefined, caseOf(context, bridge)));
  },

  explain: (context) =>
    obstaclesOfKind(context, "martian", "not-translated")
      .filter((obstacle) =>
        obstacle.kind === "martian" ? isLoopback(context.flow.destination) : text(obstacle, "kind") === "loopback",
      )
      .map((obstacle) => {
        const address = text(obstacle, "address") || (obstacle.packet?.destination ?? "");
        const bridge =
          (address === "" ? undefined : context.view.networkOfAddress(address)?.bridge) ?? obstacle.device ?? "";
        return found(localhost, obstacle, caseOf(context, bridge));
      }),
};

/** Of `all` and the link the higher one counts. */
const isOff = ({ view }: StateContext, bridge: string): boolean =>
  view.host.sysctls[keyOf(bridge)] === "0" && view.host.sysctls[keyOf("all")] !== "1";

function caseOf(context: StateContext, bridge: string) {
  const value = context.view.host.sysctls[keyOf(bridge)];
  const isSwitch = isOff(context, bridge);
  return {
    object: isSwitch ? `sysctl ${keyOf(bridge)}` : "table inet ctr, chain into",
    title: `Programs of this host do not reach published ports at 127.0.0.1${bridge === "" ? "" : ` (network ${context.view.networkOfBridge(bridge)?.name ?? bridge})`}.`,
    explanation: isSwitch
      ? "The kernel refuses to send packets with a loopback address to a bridge unless route_localnet is on for it. ctr " +
        "switches it on; something has switched it off. Other addresses of the host work."
      : "The rule that gives such packets the bridge's address has been taken out of ctr's table, so the container answers " +
        "to its own 127.0.0.1.",
    evidence: isSwitch
      ? [{ source: `sysctl ${keyOf(bridge)}`, value: value ?? "not there", expected: "1" }]
      : [{ source: "nft list chain inet ctr into", value: "nothing translates 127.0.0.0/8", expected: "masquerade" }],
    fix: repaired("ctr sets the switch and writes its rules again."),
  };
}
