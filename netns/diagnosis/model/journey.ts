/** What is written down while a packet is on its way. */
import type { Death, Hop, Place, Walk } from "../types/index.ts";
import { isOccasional } from "./deaths.ts";
import { headerOf, type Packet } from "./packet.ts";

type Direction = "there" | "back";

/** A step, without what every step has. */
export interface Step {
  readonly place: Place;
  readonly stage: Hop["stage"];
  readonly text: string;
  readonly device?: string | undefined;
  readonly hook?: Hop["hook"];
  readonly verdict?: Hop["verdict"];
  readonly evidence?: readonly string[];
  readonly death?: Death | undefined;
}

export class Journey {
  direction: Direction = "there";
  /** A proxy has taken the sender's connection: what ends its own is not seen by the sender, who is connected. */
  isBehindProxy = false;
  readonly #hops: Record<Direction, Hop[]> = { there: [], back: [] };
  readonly #deaths: { direction: Direction; hop: Hop; death: Death }[] = [];
  readonly #unknowns = new Set<string>();
  /** Something that could not be told may have sent the packet elsewhere: what ends it from here on is not certain. */
  #isDoubtful = false;
  #isDead = false;

  step(packet: Packet, step: Step): void {
    const { place, stage, text, device, hook, verdict = "pass", evidence = [] } = step;
    const death = this.isBehindProxy && step.death ? { ...step.death, seen: "accepted-silence" as const } : step.death;
    const hop: Hop = { place, stage, device, hook, text, verdict, evidence, packet: headerOf(packet), death };
    this.#hops[this.direction].push(hop);
    if (death !== undefined) this.#note(hop, death);
  }

  /** A step at which the packet ends, unless only some do. */
  end(packet: Packet, step: Step & { readonly death: Death }): void {
    this.step(packet, { verdict: isOccasional(step.death) ? "unknown" : "drop", ...step });
  }

  /** @param misleads it may have gone elsewhere */
  doubt(text: string, misleads = false): void {
    this.#unknowns.add(text);
    this.#isDoubtful ||= misleads;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** What ends a packet that was looked at apart. */
  adopt({ deaths }: Journey): void {
    const known = new Set(this.#deaths.map(({ hop }) => `${hop.place} ${hop.text}`));
    for (const { hop, death } of deaths) {
      if (known.has(`${hop.place} ${hop.text}`)) continue;
      this.#hops[this.direction].push(hop);
      this.#note(hop, death);
    }
  }

  /** A part of the way that is looked at for what ends it alone. */
  fork(): Journey {
    const other = new Journey();
    other.direction = this.direction;
    return other;
  }

  get deaths(): Walk["deaths"] {
    return this.#deaths;
  }

  get unknowns(): readonly string[] {
    return [...this.#unknowns];
  }

  /** Each direction up to where the packet ends. */
  hops(direction: Direction): readonly Hop[] {
    const hops = this.#hops[direction];
    const last = hops.findIndex((hop) => hop.death !== undefined && this.isFinal(hop.death));
    return last < 0 ? hops : hops.slice(0, last + 1);
  }

  get result(): Walk["result"] {
    if (this.#isDead) return "dies";
    return this.#unknowns.size > 0 ? "unknown" : "arrives";
  }

  readonly #uncertain = new WeakSet<Death>();

  isFinal(death: Death): boolean {
    return !isOccasional(death) && !this.#uncertain.has(death);
  }

  #note(hop: Hop, death: Death): void {
    this.#deaths.push({ direction: this.direction, hop, death });
    if (isOccasional(death)) this.#unknowns.add(`${hop.text}: this concerns some of the packets only`);
    else if (this.#isDoubtful) {
      this.#uncertain.add(death);
      this.#unknowns.add(`${hop.text}: if the packet comes this way`);
    } else this.#isDead = true;
  }
}
