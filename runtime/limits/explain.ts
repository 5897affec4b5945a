/** Why a container was killed or is slow: collects the facts, of now or of its end, and asks the causes. */

import { setTimeout as delay } from "node:timers/promises";
import {
  type ExitFacts,
  explain,
  type Facts,
  type FactsOptions,
  type OomVictim,
  type ProgramFacts,
  ratesBetween,
  type Verdict,
} from "../../cgroups/index.ts";
import { hasCode } from "../../lib/errors.ts";
import { cgroupsOf, limitsOf } from "../container/limits.ts";
import type { Parts } from "../container/parts.ts";
import type { ContainerRecord } from "../container/records.ts";
import type { Container, ContainerStatus } from "../types.ts";
import { type AdviceStep, checkAdviceTime, recordAdvice } from "./advise.ts";
import { hasQuotaAbove, withRatesAbove } from "./explain-above.ts";
import { type Figure, figuresOf } from "./explain-figures.ts";
import { groupGone } from "./explain-gone.ts";
import { headlineOf } from "./explain-headline.ts";
import { programFactsOf } from "./explain-program.ts";
import { readExitFacts } from "./facts.ts";
import type { LimitEvents } from "./watch-events.ts";

/** A process that the kernel may choose, or did choose, when memory runs out. Sizes in bytes. */
export interface ProcessFigure {
  readonly pid: number;
  readonly name: string;
  readonly memory: number;
  readonly oomScoreAdj: number;
  /** The kernel's own figure: who has most dies first. Of processes that live. */
  readonly oomScore?: number;
  readonly killed?: true;
}

export interface Earlier {
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly verdicts: readonly Verdict[];
}

export interface EarlierRun {
  readonly exit: ExitFacts;
  readonly verdicts: readonly Verdict[];
}

export interface Explanation {
  readonly id: string;
  readonly name: string;
  readonly status: ContainerStatus;
  /** One sentence. */
  readonly headline: string;
  /** The gravest first; none when it is well. */
  readonly verdicts: readonly Verdict[];
  /** What does not hold now, and has held on the whole since a while ago. */
  readonly earlier?: Earlier;
  /** How it ended the last time, when that is worth to know while it runs again. */
  readonly previous?: EarlierRun;
  readonly exit?: ExitFacts;
  /** Seconds that rates are of; absent without. */
  readonly seconds?: number;
  /** Empty when nothing is known. */
  readonly looked: readonly Figure[];
  /** The largest first. Those of the last kill for one that has ended. */
  readonly processes: readonly ProcessFigure[];
  /** What could not be found out, as sentences. */
  readonly notes: readonly string[];
}

/** Milliseconds: rates of a shorter time say little. Who asks that early waits for the rest. */
const SHORTEST = 1000;

export class LimitInsight {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** @throws `notFound` with Docker's text */
  async explain(reference: string): Promise<Explanation> {
    const record = this.#parts.records.find(reference);
    if (isAlive(record.container)) {
      const present = this.#ofGone(record.container) ?? (await this.#ofPresent(record));
      if (present !== undefined) return present;
    }
    // It may have ended while it was looked at.
    const ended = this.#parts.records.find(record.container.id);
    return this.#ofEnded(ended.container, await programFactsOf(ended));
  }

  async #ofPresent(record: ContainerRecord): Promise<Explanation | undefined> {
    const facts = await this.#presentFacts(record);
    if (facts === undefined) return undefined;
    return this.#ofRunning(record.container, { ...facts, program: await programFactsOf(record) });
  }

  #ofGone(container: Container): Explanation | undefined {
    const { id, name, status } = container;
    const missing = cgroupsOf(this.#parts, container).missingDirectories(id);
    if (missing.length === 0) return undefined;
    const headline = `${name} runs, but not within its limits.`;
    return { id, name, status, headline, verdicts: [groupGone(name, missing)], looked: [], processes: [], notes: [] };
  }

  /** Undefined when it has ended meanwhile. */
  async #presentFacts({ container, lastVictim }: ContainerRecord): Promise<Facts | undefined> {
    const { id, name, hostConfig } = container;
    const { watch } = this.#parts;
    const cgroups = cgroupsOf(this.#parts, container);
    try {
      const since = watch.before(id) ?? cgroups.moment(id);
      const options: FactsOptions = {
        ...{ name, asked: limitsOf(hostConfig), since, oomLog: watch.oomLog },
        ...(lastVictim === undefined ? {} : { after: lastVictim }),
      };
      const first = cgroups.facts(id, options);
      const wait = hasQuotaAbove(first) ? SHORTEST : since.time + SHORTEST - first.time;
      if (wait <= 0) return first;
      await delay(wait);
      return withRatesAbove(first, cgroups.facts(id, options));
    } catch (error) {
      if (hasCode(error, "CTR_CGROUP_NOT_FOUND")) return undefined;
      throw error;
    }
  }

  #ofRunning(container: Container, facts: Facts): Explanation {
    const { id, name, status } = container;
    const verdicts = explain(facts);
    const earlier = this.#earlier(id, facts, verdicts);
    const previous = this.#previous(id);
    return {
      ...{ id, name, status, verdicts },
      headline: headlineOf({ container, exit: undefined, verdicts, wasUnwell: earlier !== undefined, hasFacts: true }),
      ...(earlier === undefined ? {} : { earlier }),
      ...(previous === undefined ? {} : { previous }),
      ...secondsOf(facts),
      looked: figuresOf(facts),
      processes: facts.processes,
      notes: this.#notes(facts),
    };
  }

  /** What it has met since it began, or since its limits were changed, and does not meet now. */
  #earlier(id: string, facts: Facts, present: readonly Verdict[]): Earlier | undefined {
    const { watch } = this.#parts;
    const first = watch.first(id);
    if (first === undefined || first.time === watch.before(id)?.time) return undefined;
    const rates = ratesBetween(first, facts);
    if (rates === undefined) return undefined;
    const known = new Set(present.map(({ code }) => code));
    const verdicts = explain({ ...facts, rates }).filter(
      ({ code, severity }) => (severity === "slow" || severity === "failing") && !known.has(code),
    );
    return verdicts.length === 0 ? undefined : { since: first.time, verdicts };
  }

  #previous(id: string): EarlierRun | undefined {
    const facts = readExitFacts(this.#parts.paths.exitFacts(id));
    if (facts?.exit === undefined) return undefined;
    const verdicts = explain(facts).filter(({ severity }) => severity === "killed" || severity === "failing");
    return verdicts.length === 0 ? undefined : { exit: facts.exit, verdicts };
  }

  #ofEnded(container: Container, program: ProgramFacts): Explanation {
    const { id, name, status } = container;
    const kept = status === "created" ? undefined : readExitFacts(this.#parts.paths.exitFacts(id));
    const facts = kept === undefined ? undefined : { ...kept, program };
    const verdicts = facts === undefined ? [] : explain(facts);
    const exit = facts?.exit;
    return {
      ...{ id, name, status, verdicts },
      headline: headlineOf({ container, exit, verdicts, wasUnwell: false, hasFacts: facts !== undefined }),
      ...(exit === undefined ? {} : { exit }),
      ...(facts === undefined ? {} : secondsOf(facts)),
      looked: facts === undefined ? [] : figuresOf(facts),
      processes: facts === undefined ? [] : processesAtTheEnd(facts.victims),
      notes: facts === undefined ? noFacts(container) : this.#notes(facts),
    };
  }

  /** @throws `notFound`; `invalid` for the time; `conflict` when it does not run */
  advise(reference: string, seconds: number, signal: AbortSignal): AsyncGenerator<AdviceStep> {
    const { container } = this.#parts.records.find(reference);
    return recordAdvice(this.#parts, container, { seconds: checkAdviceTime(seconds), signal });
  }

  /** The last events, and a way to hear the next ones. */
  get events(): LimitEvents {
    return this.#parts.watch.events;
  }

  #notes({ signals }: Facts): string[] {
    if (signals.oomKills === 0 || this.#parts.watch.oomLog.isReadable) return [];
    return ["Who was killed is in the kernel's log, which cannot be read here: that needs CAP_SYSLOG."];
  }
}

const isAlive = ({ status }: Container): boolean => status === "running" || status === "paused";

const secondsOf = ({ rates }: Facts): { readonly seconds?: number } =>
  rates === undefined ? {} : { seconds: Math.round(rates.seconds * 10) / 10 };

function processesAtTheEnd(victims: readonly OomVictim[]): ProcessFigure[] {
  const last = victims.at(-1);
  if (last === undefined) return [];
  return last.candidates.map(({ pid, name, rss, swap, oomScoreAdj }): ProcessFigure => {
    const figure = { pid, name, memory: rss + swap, oomScoreAdj };
    return pid === last.pid ? { ...figure, killed: true } : figure;
  });
}

function noFacts({ status, startedAt, error }: Container): string[] {
  if (error !== "") return [`What was said at its start: ${error}`];
  if (status === "created" || startedAt.startsWith("0001")) return [];
  return ["No facts were kept about its end: the machine was restarted, or the engine was older than that."];
}
