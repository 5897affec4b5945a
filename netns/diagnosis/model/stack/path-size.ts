/** A packet that is too large for the next link: who sent it is told, and sends smaller ones, if the message gets there. */

import type { LinkState } from "../../types/index.ts";
import { death } from "../deaths.ts";
import { chooseSource } from "../fib/source-address.ts";
import type { NamespaceModel } from "../namespace.ts";
import { IcmpType, IpProtocol, makePacket } from "../packet.ts";
import { end, note, type Trip } from "../trip.ts";
import { returnError } from "./error-way.ts";
import type { Onward } from "./route-faults.ts";

/** ip_exceeds_mtu; IPv6 never cuts on the way. */
export function checkPathSize(
  trip: Trip,
  namespace: NamespaceModel,
  input: LinkState,
  { link }: Onward,
  routeMtu: number | undefined,
): void {
  const { packet } = trip;
  const mtu = Math.min(link.mtu || Number.POSITIVE_INFINITY, routeMtu || Number.POSITIVE_INFINITY);
  if (packet.size <= mtu) return;
  const { size } = packet;
  packet.size = mtu;
  const { key: place } = namespace;
  if (packet.family === 4 && !packet.dontFragment) {
    note(trip, { place, stage: "route", device: link.name, text: `cut into pieces of ${mtu} bytes` });
    return;
  }
  const error = errorPacket(trip, namespace, input);
  const obstacle = error && returnError(trip, namespace, input, error);
  const isTold = error !== undefined && obstacle === undefined;
  const step = {
    place,
    stage: "route",
    device: link.name,
    text: `${size} bytes are more than the ${mtu} that ${link.name} takes; the sender is ${isTold ? "" : "not "}told`,
    evidence: [`ip link show ${link.name}: mtu ${link.mtu}`],
  } as const;
  if (isTold && packet.protocol === IpProtocol.tcp) {
    note(trip, step);
    return;
  }
  const facts = { place, device: link.name, mtu, size, errorReturns: isTold, errorEndsAt: obstacle };
  end(trip, { ...step, death: death("too-big", facts, isTold ? "error" : "silence") });
}

function errorPacket({ packet }: Trip, namespace: NamespaceModel, input: LinkState) {
  const { family, source } = packet;
  const route = namespace.fib.look({ family, destination: source, inputDevice: "lo", mark: 0n });
  const from = chooseSource(namespace, family, source, route);
  if (from === undefined || input === undefined) return undefined;
  const kind =
    family === 4
      ? { protocol: IpProtocol.icmp, icmpType: IcmpType.destinationUnreachable, icmpCode: 4 }
      : { protocol: IpProtocol.icmp6, icmpType: IcmpType.packetTooBig6, icmpCode: 0 };
  return makePacket({ family, source: from, destination: source, isError: true, ...kind });
}
