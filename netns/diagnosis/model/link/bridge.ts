/** A frame crosses a bridge: net/bridge/br_input.c, br_forward.c, and br_netfilter_hooks.c for the rules of IP. */

import type { LinkState } from "../../types/index.ts";
import { death } from "../deaths.ts";
import { passFrameHook, passHook } from "../stack/hooks.ts";
import { end, note, type Trip } from "../trip.ts";
import { findFdbFault } from "./fdb.ts";
import type { Crossing } from "./path.ts";
import { checkSize } from "./wire.ts";

/** `turned`: rules have given the packet another destination while it was still a frame. */
export type CrossingResult = "crossed" | "turned";

const BRIDGE = ["bridge"];

/**
 * @param mac hardware address that the frame goes to
 * @param withRules false for the way of a frame that has passed the first rules already
 */
export function crossBridge(trip: Trip, crossing: Crossing, mac: string, withRules = true): CrossingResult {
  const { namespace, bridge, from, to } = crossing;
  checkBridge(trip, crossing);
  if (from !== undefined) checkPort(trip, crossing, from);
  if (from !== undefined && withRules) {
    passFrameHook(trip, { namespace, hook: "prerouting", inputLink: from }, BRIDGE);
    if (seesRules(trip, crossing)) {
      const { destination } = trip.packet;
      passHook(trip, { namespace, hook: "prerouting", inputLink: bridge, inputPort: from.name });
      if (trip.packet.destination !== destination) return "turned";
    }
  }
  if (to === undefined) {
    passFrameHook(trip, { namespace, hook: "input", inputLink: from ?? bridge }, BRIDGE);
    return "crossed";
  }
  forward(trip, crossing, to, mac);
  return "crossed";
}

/** Whether frames pass the rules of IP here (br_netfilter). */
export function seesRules({ packet }: Trip, { namespace, from }: Pick<Crossing, "namespace" | "from">): boolean {
  if (from === undefined || packet.arp !== undefined) return false;
  const name = packet.family === 4 ? "bridge-nf-call-iptables" : "bridge-nf-call-ip6tables";
  return namespace.sysctl(`net.bridge.${name}`) === 1;
}

function forward(trip: Trip, crossing: Crossing, to: LinkState, mac: string): void {
  const { namespace, bridge, from } = crossing;
  checkFdb(trip, crossing, mac);
  checkWay(trip, crossing, to);
  const isBridged = seesRules(trip, crossing);
  const links = { inputLink: from, outputLink: to };
  if (from === undefined) {
    passFrameHook(trip, { namespace, hook: "output", outputLink: to }, BRIDGE);
  } else {
    passFrameHook(trip, { namespace, hook: "forward", ...links }, BRIDGE, ({ priority }) => priority < 0);
    if (isBridged) {
      const ports = { inputPort: from.name, outputPort: to.name };
      passHook(trip, { namespace, hook: "forward", inputLink: bridge, outputLink: bridge, ...ports });
    }
    passFrameHook(trip, { namespace, hook: "forward", ...links }, BRIDGE, ({ priority }) => priority >= 0);
  }
  // Behind the bridge the rules are not told where the frame came from.
  if (isBridged) passHook(trip, { namespace, hook: "postrouting", outputLink: bridge, outputPort: to.name });
  passFrameHook(trip, { namespace, hook: "postrouting", outputLink: to }, BRIDGE);
  checkSize(trip, namespace.key, to, "mtu-of-peer");
  if (trip.packet.arp === undefined) {
    note(trip, {
      place: namespace.key,
      stage: "bridge",
      device: to.name,
      text: `bridge ${bridge.name}: ${from?.name ?? "from the host"} to ${to.name}`,
      evidence: [`bridge link show dev ${to.name}: ${to.port?.state ?? "no port"}`],
    });
  }
}

function checkBridge(trip: Trip, { namespace, bridge }: Crossing): void {
  const place = namespace.key;
  if (!bridge.up) {
    end(trip, {
      place,
      stage: "bridge",
      device: bridge.name,
      text: `the bridge ${bridge.name} is switched off`,
      evidence: [`ip link show ${bridge.name}: no UP`],
      death: death("link-down", { place, device: bridge.name }),
    });
  }
  if (bridge.bridge?.vlanFiltering === true) trip.journey.doubt(`which VLANs the bridge ${bridge.name} lets pass`);
}

/** A port that belongs to it, and that the spanning tree lets pass. */
function checkPort(trip: Trip, { namespace, bridge }: Crossing, port: LinkState): void {
  const place = namespace.key;
  if (port.master !== bridge.name) {
    const actual = port.master === undefined ? "of no bridge" : `of ${port.master}`;
    end(trip, {
      place,
      stage: "bridge",
      device: port.name,
      text: `${port.name} is a port ${actual}, not of ${bridge.name}`,
      evidence: [`ip link show ${port.name}: master ${port.master ?? "none"}`],
      death: death("not-a-bridge-port", { place, device: port.name, bridge: bridge.name, actualBridge: port.master }),
    });
    return;
  }
  const state = port.port?.state;
  if (state === undefined || state === "forwarding" || !bridge.up || !port.up) return;
  end(trip, {
    place,
    stage: "bridge",
    device: port.name,
    text: `the port ${port.name} of ${bridge.name} is in the state ${state}`,
    evidence: [`bridge link show dev ${port.name}: state ${state}`],
    death: death("port-blocked", { place, device: port.name, state }),
  });
}

/** should_deliver: not back by the same port, not between isolated ones. */
function checkWay(trip: Trip, crossing: Crossing, to: LinkState): void {
  const { namespace, from } = crossing;
  const place = namespace.key;
  checkPort(trip, crossing, to);
  if (from === to && to.port?.hairpin === false) {
    end(trip, {
      place,
      stage: "bridge",
      device: to.name,
      text: `${to.name} does not send frames back to where they came from`,
      evidence: [`bridge -d link show dev ${to.name}: hairpin off`],
      death: death("hairpin-off", { place, device: to.name }),
    });
  }
  if (from?.port?.isolated === true && to.port?.isolated === true) {
    end(trip, {
      place,
      stage: "bridge",
      device: to.name,
      text: `the ports ${from.name} and ${to.name} are isolated from each other`,
      evidence: [`bridge -d link show: isolated on`],
      death: death("port-isolated", { place, device: from.name, otherDevice: to.name }),
    });
  }
}

function checkFdb(trip: Trip, crossing: Crossing, mac: string): void {
  const fault = findFdbFault(crossing, mac);
  if (fault === undefined) checkTwins(trip, crossing, mac);
  else end(trip, { place: crossing.namespace.key, stage: "bridge", device: crossing.to?.name, ...fault });
}

/** Behind another port is the same address: the bridge sends to whichever of the two it has heard last. */
function checkTwins(trip: Trip, { namespace, bridge, to }: Crossing, mac: string): void {
  if (to === undefined) return;
  const { view } = trip.world;
  const twin = namespace
    .ports(bridge.name)
    .find((port) => port !== to && view.peerOf(port)?.link.mac === mac && view.peerOf(to)?.link.mac === mac);
  if (twin === undefined) return;
  end(trip, {
    place: namespace.key,
    stage: "bridge",
    device: to.name,
    text: `${mac} is behind ${to.name} and behind ${twin.name}: the bridge ${bridge.name} sends now to the one, now to the other`,
    evidence: [`bridge fdb show br ${bridge.name}`],
    death: death("wrong-bridge-port", {
      place: namespace.key,
      device: to.name,
      mac,
      actualDevice: twin.name,
      limit: true,
    }),
  });
}
