import { type Cable, cablesOf } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, type FdbEntry, HOST, type StateContext } from "../../types/index.ts";
import { text } from "../facts.ts";
import { ownCommand } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { twinsOf } from "./310-duplicate-mac.ts";

export const wrongBridgePort: Cause = {
  code: "CTRN308",
  severity: "error",
  heading: "The bridge sends a container's frames to the wrong port",

  inspect: (context) =>
    cablesOf(context.view).flatMap((cable) => {
      const entry = wrongEntry(context, cable);
      return entry === undefined || entry.state === "" ? [] : found(wrongBridgePort, undefined, caseOf(cable, entry));
    }),

  explain: (context) =>
    obstaclesOfKind(context, "wrong-bridge-port").flatMap((obstacle) => {
      const mac = text(obstacle, "mac");
      const cable = cablesOf(context.view).find(({ inside, endpoint }) => (inside?.mac ?? endpoint.macAddress) === mac);
      const entry = cable && wrongEntry(context, cable);
      if (cable === undefined || entry === undefined || twinsOf(context, cable).length > 0) return [];
      return found(wrongBridgePort, obstacle, caseOf(cable, entry));
    }),
};

/** What is written into the table by hand stays; what was learned is mended by the next frame. */
function wrongEntry(
  { view }: StateContext,
  { inside, endpoint, hostInterface, bridgeName }: Cable,
): FdbEntry | undefined {
  const mac = inside?.mac ?? endpoint.macAddress;
  return view.host.fdb.find(
    (entry) => entry.mac === mac && entry.bridge === bridgeName && entry.device !== hostInterface,
  );
}

function caseOf({ container, hostInterface, bridgeName }: Cable, { mac, device, state }: FdbEntry): Case {
  return {
    object: `forwarding table of bridge ${bridgeName}, ${mac}`,
    title: `The bridge sends what is for container ${container.name} to another port.`,
    explanation: `Its forwarding table says that ${mac} is behind ${device}${state === "" ? "" : ` (${state}, so it was written there)`}; the container is behind ${hostInterface}.`,
    evidence: [
      {
        source: `bridge fdb show br ${bridgeName}`,
        value: `${mac} dev ${device} ${state}`.trim(),
        expected: `dev ${hostInterface}`,
      },
    ],
    fix: ownCommand(
      HOST,
      "host",
      ["bridge", "fdb", "del", mac, "dev", device, "master"],
      "Take the entry out: the bridge learns the right one by itself.",
    ),
  };
}
