/** What is to be done, in the few shapes that it takes. */
import { type Fix, HOST, type Place } from "../types/index.ts";

type Command = readonly string[];

const REPAIR: Command = ["ctr", "net", "repair"];

/** `ctr net repair` brings it back: the object is ours, and the store says how it has to be. */
export const repaired = (text: string): Fix => ({
  text,
  commands: [REPAIR],
  owned: true,
  action: { kind: "repair" },
});

/** For what belongs to somebody else, or is the user's to decide. */
export const byHand = (text: string, ...commands: readonly Command[]): Fix => ({
  text,
  commands,
  owned: false,
  action: undefined,
});

/**
 * The administrator's own rule that limits the size of TCP's segments, see nft(8).
 * @param size in bytes, or `rt mtu` for what the route takes
 */
export const segmentsOf = (size: string): Command => [
  ..."nft add rule inet ctr user tcp flags syn tcp option maxseg size set".split(" "),
  ...size.split(" "),
];

/** A program, run where it has to be, that changes an object of ours. @param text what it does */
export const ownCommand = (place: Place, name: string, argv: Command, text: string): Fix => ({
  text,
  commands: [inPlace(place, name, argv)],
  owned: true,
  action: { kind: "run", place, argv },
});

/**
 * As it is typed on the host: a program of the host, in the container's network.
 * @param name of the container
 */
export const inPlace = (place: Place, name: string, argv: Command): Command =>
  place === HOST ? argv : ["nsenter", "--net", "--target", `$(ctr inspect -f '{{.State.Pid}}' ${name})`, ...argv];
