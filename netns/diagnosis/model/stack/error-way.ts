/** The way of an error message back to who sent the packet that it tells of. */

import type { LinkState } from "../../types/index.ts";
import type { NamespaceModel } from "../namespace.ts";
import type { Packet } from "../packet.ts";
import type { Trip } from "../trip.ts";
import { passHook } from "./hooks.ts";

/**
 * Through the rules of the namespace that makes it, where such messages are lost (it goes back by the link that the packet
 * came by).
 * @returns what ends it; undefined when it leaves
 */
export function returnError(trip: Trip, namespace: NamespaceModel, back: LinkState, error: Packet): string | undefined {
  const journey = trip.journey.fork();
  const message: Trip = { ...trip, journey, packet: error, attached: undefined };
  for (const hook of ["output", "postrouting"] as const) {
    passHook(message, { namespace, hook, outputLink: back });
  }
  return journey.deaths[0]?.hop.text;
}
