/** What is written down while a packet is on its way. */
import type { Death, Hop, Place, Walk } from "../types/index.ts";
import { isOccasional, isUncertain } from "./deaths.ts";
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
  /**
   * The sender has his connection already, be it that a proxy took it, be it that the handshake is through: whatever ends
   * a packet now is silence for him.
   */
  isConnected = false;
  readonly #hops: Record<Direction, Hop[]> = { there: [], back: [] };
  readonly #deaths: { direction: Direction; hop: Hop; death: Death }[] = [];
  readonly #unknowns = new Set<string>();
  /** Something that could not be told may have sent the packet elsewhere: what ends it from here on is not certain. */
  #isDoubtful = false;
  #isDead = false;

  step(packet: Packet, step: Step): void {
    const { place, stage, text, device, hook, verdict = "pass", evidence = [] } = step;
    const death = step.death && this.#asSeen(step.death);
    const hop: Hop = { place, stage, device, hook, text, verdict, evidence, packet: headerOf(packet), death };
    this.#hops[this.direction].push(hop);
    if (death !== undefined) this.#note(hop, death);
  }

  /** A step at which the packet ends, unless only some do. */
  end(packet: Packet, step: Step & { readonly death: Death }): void {
    this.step(packet, { verdict: isOccasional(step.death) ? "unknown" : "drop", ...step });
  }

  /** What ends the packet if a condition holds that cannot be told. */
  suspect(packet: Packet, step: Step & { readonly death: Death }, doubt: string): void {
    this.#unknowns.add(doubt);
    const death = { ...step.death, facts: { ...step.death.facts, uncertain: true } };
    this.step(packet, { ...step, verdict: "unknown", death });
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
  adopt({ deaths }: Pick<Journey, "deaths">): void {
    const known = new Set(this.#deaths.map(({ hop }) => `${hop.place} ${hop.text}`));
    for (const { direction, hop, death } of deaths) {
      if (known.has(`${hop.place} ${hop.text}`)) continue;
      this.direction = direction;
      this.#hops[direction].push(hop);
      this.#note(hop, death);
    }
  }

  /** The same flow on another of several paths: what happens on one of them alone concerns some packets. */
  join(other: Journey): void {
    for (const unknown of other.unknowns) this.#unknowns.add(unknown);
    if (this.#isDead === other.#isDead) return;
    if (this.#isDead) this.#soften();
    this.adopt({ deaths: other.deaths.map(softened) });
  }

  /** Some of the packets take another path, on which they live. */
  #soften(): void {
    const own = this.#deaths.splice(0);
    this.#isDead = false;
    for (const direction of ["there", "back"] as const) {
      const hops = this.#hops[direction];
      for (const [index, hop] of hops.entries()) {
        const death = own.find((each) => each.hop === hop);
        if (death === undefined) continue;
        const soft = softened(death);
        hops[index] = soft.hop;
        this.direction = direction;
        this.#note(soft.hop, soft.death);
      }
    }
  }

  /** A part of the way that is looked at for what ends it alone. */
  fork(direction = this.direction): Journey {
    const other = new Journey();
    other.direction = direction;
    other.isConnected = this.isConnected;
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

  isFinal(death: Death): boolean {
    return !isOccasional(death) && !isUncertain(death);
  }

  /** Who is connected sees nothing more; behind a doubt nothing is sure. */
  #asSeen({ kind, seen, facts }: Death): Death {
    const isUncertain = this.#isDoubtful && facts["limit"] !== true;
    return {
      kind,
      seen: this.isConnected ? "accepted-silence" : seen,
      facts: isUncertain ? { ...facts, uncertain: true } : facts,
    };
  }

  #note(hop: Hop, death: Death): void {
    this.#deaths.push({ direction: this.direction, hop, death });
    if (isOccasional(death)) this.#unknowns.add(`${hop.text}: this concerns some of the packets only`);
    else if (!isUncertain(death)) this.#isDead = true;
    else if (this.#isDoubtful) this.#unknowns.add(`${hop.text}: if the packet comes this way`);
  }
}

function softened({ direction, hop, death }: Walk["deaths"][number]): Walk["deaths"][number] {
  const soft = { ...death, facts: { ...death.facts, limit: true } };
  return { direction, hop: { ...hop, verdict: "unknown", death: soft }, death: soft };
}
