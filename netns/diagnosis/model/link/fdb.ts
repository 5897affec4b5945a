/** By which port a bridge sends a frame to a hardware address: net/bridge/br_fdb.c. */

import type { Death } from "../../types/index.ts";
import { death } from "../deaths.ts";
import type { Crossing } from "./path.ts";

export interface FdbFault {
  readonly text: string;
  readonly evidence: readonly string[];
  readonly death: Death;
}

/** @param mac of the one who is behind the port that the crossing leaves by */
export function findFdbFault({ namespace, bridge, from, to }: Crossing, mac: string): FdbFault | undefined {
  if (to === undefined) return undefined;
  const entries = namespace.fdb(bridge.name, mac).filter(({ device }) => device !== bridge.name);
  const held = entries.find(
    ({ device, state, sticky }) => device !== to.name && holds(state, sticky, to.port?.learning),
  );
  if (held !== undefined) {
    return {
      text: `the bridge ${bridge.name} sends frames for ${mac} to ${held.device}, not to ${to.name}`,
      evidence: [`bridge fdb show br ${bridge.name}: ${mac} dev ${held.device} ${held.state}`],
      death: death("wrong-bridge-port", { place: namespace.key, device: to.name, mac, actualDevice: held.device }),
    };
  }
  const isKnown = entries.some(({ device }) => device === to.name) || to.port?.learning !== false;
  if (isKnown || to.port?.flood !== false || from === to) return undefined;
  return {
    text: `the bridge ${bridge.name} neither learns that ${mac} is behind ${to.name} nor sends there what it does not know`,
    evidence: [`bridge -d link show dev ${to.name}: learning off flood off`],
    death: death("not-flooded", { place: namespace.key, device: to.name, mac }),
  };
}

/** An entry of somebody's moves to where frames come from, unless it is the kernel's own, sticky, or nothing is learned. */
const holds = (state: string, sticky: boolean, learning: boolean | undefined): boolean =>
  state === "permanent" || sticky || (learning === false && state !== "");
