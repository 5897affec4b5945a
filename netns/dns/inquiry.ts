/**
 * One question, asked of several servers. The first one is asked first; when it stays silent for a moment the next one is
 * asked besides it. An answer with records is taken from whoever gives it first. That there is nothing is believed of a
 * later server only when those before it have failed: the first may be the one that knows the names of the house.
 */
import { type Cancel, type Settle, UpstreamError } from "./upstream.ts";
import { Rcode } from "./wire/constants.ts";
import { rcodeOf } from "./wire/message.ts";
import type { Query } from "./wire/query.ts";

/** Milliseconds. */
export interface InquiryTimes {
  /** Until the next server is asked besides. */
  readonly patience: number;
  /** Until a server counts as silent, and is asked again when no other answers. */
  readonly silence: number;
  /** Until the client gets an error: it must come before the resolvers of C libraries give up (5 s). */
  readonly deadline: number;
  /** For how long a silent server comes last. */
  readonly suspicion: number;
}

export const INQUIRY_TIMES: InquiryTimes = { patience: 250, silence: 1_000, deadline: 4_500, suspicion: 10_000 };

export interface InquiryResult {
  /** Also an error of the server's, when no other answered better. */
  readonly message: Buffer;
  readonly server: string;
}

/** What an inquiry needs of an upstream server. */
export interface Asked {
  readonly address: string;
  /** Until when (performance.now) it is asked after all others: it was silent, or could not be reached. */
  suspectUntil: number;
  ask(query: Query, overUdp: boolean, settle: Settle): Cancel;
}

type State = "not asked" | "asked" | "silent" | "failed" | "nothing there";

interface Attempt {
  readonly upstream: Asked;
  state: State;
  answer: Buffer | undefined;
  cancel: Cancel;
  timer: NodeJS.Timeout | undefined;
}

class Inquiry {
  readonly #attempts: readonly Attempt[];
  readonly #query: Query;
  readonly #overUdp: boolean;
  readonly #times: InquiryTimes;
  readonly #finish: (result: InquiryResult | undefined) => void;
  readonly #deadline: NodeJS.Timeout;
  #patience: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(
    upstreams: readonly Asked[],
    query: Query,
    overUdp: boolean,
    times: InquiryTimes,
    finish: (result: InquiryResult | undefined) => void,
  ) {
    this.#query = query;
    this.#overUdp = overUdp;
    this.#times = times;
    this.#finish = finish;
    this.#attempts = inOrder(upstreams).map((upstream) => ({
      upstream,
      state: "not asked",
      answer: undefined,
      cancel: () => {},
      timer: undefined,
    }));
    this.#deadline = setTimeout(() => this.#end(this.#best()), times.deadline);
  }

  start(): void {
    this.#askNext();
    this.#decide();
  }

  /** Asks the first server that was not asked yet, and the one after it when that takes too long. */
  #askNext(): void {
    clearTimeout(this.#patience);
    const next = this.#attempts.find(({ state }) => state === "not asked");
    if (next === undefined) return;
    this.#patience = setTimeout(() => this.#askNext(), this.#times.patience);
    this.#ask(next);
  }

  #ask(attempt: Attempt): void {
    if (this.#isOver) return;
    attempt.state = "asked";
    attempt.timer = setTimeout(() => this.#onSilence(attempt), this.#times.silence);
    attempt.cancel = attempt.upstream.ask(this.#query, this.#overUdp, (result) => this.#onResult(attempt, result));
  }

  #onResult(attempt: Attempt, result: Buffer | UpstreamError): void {
    clearTimeout(attempt.timer);
    if (result instanceof UpstreamError) {
      this.#suspect(attempt);
      attempt.state = "failed";
    } else {
      attempt.upstream.suspectUntil = 0;
      attempt.answer = result;
      const rcode = rcodeOf(result);
      if (rcode === Rcode.noError && result.readUInt16BE(6) > 0) {
        this.#end(attempt);
        return;
      }
      attempt.state = rcode === Rcode.noError || rcode === Rcode.nameError ? "nothing there" : "failed";
    }
    if (attempt.state === "failed") this.#askNext();
    this.#decide();
  }

  #onSilence(attempt: Attempt): void {
    attempt.cancel();
    this.#suspect(attempt);
    attempt.state = "silent";
    this.#askNext();
    this.#decide();
  }

  #suspect({ upstream }: Attempt): void {
    upstream.suspectUntil = performance.now() + this.#times.suspicion;
  }

  #decide(): void {
    if (this.#isOver) return;
    for (const attempt of this.#attempts) {
      if (attempt.state === "asked" || attempt.state === "not asked") return;
      if (attempt.state === "nothing there") {
        this.#end(attempt);
        return;
      }
    }
    const silent = this.#attempts.filter(({ state }) => state === "silent");
    // A packet may have been lost. What was refused or answered with an error would be so again.
    if (silent.length === 0) this.#end(this.#best());
    else for (const attempt of silent) this.#ask(attempt);
  }

  /** An answer that says that there is nothing, else an error. */
  #best(): Attempt | undefined {
    return (
      this.#attempts.find(({ state }) => state === "nothing there") ??
      this.#attempts.find(({ answer }) => answer !== undefined)
    );
  }

  #end(attempt: Attempt | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#patience);
    for (const { timer, cancel } of this.#attempts) {
      clearTimeout(timer);
      cancel();
    }
    const message = attempt?.answer;
    this.#finish(
      attempt === undefined || message === undefined ? undefined : { message, server: attempt.upstream.address },
    );
  }
}

/** Those under suspicion last; else as the administrator wrote them. */
function inOrder(upstreams: readonly Asked[]): Asked[] {
  const now = performance.now();
  const isSuspect = ({ suspectUntil }: Asked): boolean => suspectUntil > now;
  return [...upstreams.filter((upstream) => !isSuspect(upstream)), ...upstreams.filter(isSuspect)];
}

/** @returns undefined when none of the servers answered */
export function inquire(
  upstreams: readonly Asked[],
  query: Query,
  overUdp: boolean,
  times: InquiryTimes = INQUIRY_TIMES,
): Promise<InquiryResult | undefined> {
  return new Promise((resolve) => new Inquiry(upstreams, query, overUdp, times, resolve).start());
}
