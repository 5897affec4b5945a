/** One question on its way: the packet of the moment, what each namespace remembers of it, and where notes are taken. */
import type { Death, Flow, Place } from "../types/index.ts";
import type { Journey, Step } from "./journey.ts";
import type { Packet } from "./packet.ts";
import type { Connection, Ends } from "./stack/connection.ts";
import type { Tracked } from "./stack/tracking.ts";
import type { Port, World } from "./world.ts";

export interface Trip {
  readonly world: World;
  readonly flow: Flow;
  readonly journey: Journey;
  packet: Packet;
  /** By namespace. */
  readonly connections: Map<Place, Connection[]>;
  /** The same of bridges, which follow connections apart. */
  readonly bridged: Map<Place, Connection[]>;
  /** What a packet carries with it within one namespace: it is lost on the way into the next. */
  attached: Tracked | undefined;
  /** As the sender sent it, before any translation. */
  sent: Ends | undefined;
  /** Neighbours that have been asked for, or have been heard of because they asked. */
  readonly resolved: Map<string, Port>;
  /** Of a route over several paths which one is taken; how many there are is noted in the same place. */
  readonly paths: { taken: number; most: number };
  /** What ends a question for a neighbour matters only when the kernel forgets what it knows of him. */
  isRemembered: boolean;
}

export const note = (trip: Trip, step: Step): void => trip.journey.step(trip.packet, step);

/** @param doubt the condition, in words: `whether …` */
export const suspect = (trip: Trip, step: Step & { readonly death: Death }, doubt: string): void =>
  trip.journey.suspect(trip.packet, step, doubt);

export function end(trip: Trip, step: Step & { readonly death: Death }): void {
  const { kind, seen, facts } = step.death;
  const death = trip.isRemembered ? { kind, seen, facts: { ...facts, limit: true, remembered: true } } : step.death;
  trip.journey.end(trip.packet, { ...step, death });
}
