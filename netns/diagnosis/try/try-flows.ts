/** Tries many flows at once, without following their packets: does it work, or does it not. */
import { setTimeout as delay } from "node:timers/promises";
import { codeOf } from "../../../lib/errors.ts";
import { type Ending, type Question, silence } from "../probe/attempt.ts";
import { IcmpQuestion } from "../probe/icmp-question.ts";
import { inPlace, type NamespaceReferences } from "../probe/namespaces.ts";
import { TcpQuestion } from "../probe/tcp-question.ts";
import { UdpQuestion } from "../probe/udp-question.ts";
import type { Attempt, Flow } from "../types/index.ts";

export interface TryOptions {
  readonly references: NamespaceReferences;
  /** Milliseconds after which no answer is silence. */
  readonly patience?: number;
  readonly signal?: AbortSignal;
}

/** Milliseconds: a SYN that is lost is sent again after a second, and that one is waited for. */
const PATIENCE = 1500;
const INTERVAL = 2;
/** Sockets that are open at once. */
const MOST_AT_ONCE = 200;

/** @returns one a flow, in their order. A flow whose namespace cannot be entered is an `error` */
export async function tryFlows(flows: readonly Flow[], options: TryOptions): Promise<Attempt[]> {
  const attempts: Attempt[] = [];
  for (let first = 0; first < flows.length; first += MOST_AT_ONCE) {
    attempts.push(...(await tryTogether(flows.slice(first, first + MOST_AT_ONCE), options)));
  }
  return attempts;
}

interface Running {
  readonly question: Question | undefined;
  readonly start: number;
  attempt: Attempt | undefined;
}

async function tryTogether(flows: readonly Flow[], options: TryOptions): Promise<Attempt[]> {
  const { references, patience = PATIENCE, signal } = options;
  using questions = new DisposableStack();
  const running = flows.map((flow) => ask(flow, references, questions));
  const deadline = performance.now() + patience;
  const isOpen = ({ attempt }: Running): boolean => attempt === undefined;
  while (running.some(isOpen) && performance.now() < deadline && signal?.aborted !== true) {
    for (const one of running.filter(isOpen)) settle(one, one.question?.look());
    if (running.some(isOpen)) await delay(INTERVAL);
  }
  for (const one of running.filter(isOpen)) settle(one, one.question?.giveUp());
  return running.map(({ attempt }) => attempt ?? failure(undefined));
}

function ask(flow: Flow, references: NamespaceReferences, questions: DisposableStack): Running {
  const start = performance.now();
  try {
    return inPlace(references, flow.from, () => {
      const question = questions.use(questionOf(flow));
      const running: Running = { question, start, attempt: undefined };
      settle(running, question.ask());
      return running;
    });
  } catch (error) {
    return { question: undefined, start, attempt: failure(codeOf(error)) };
  }
}

function questionOf(flow: Flow): Question {
  if (flow.protocol === "tcp") return new TcpQuestion(flow, undefined);
  return flow.protocol === "udp" ? new UdpQuestion(flow) : new IcmpQuestion(flow);
}

function settle(running: Running, ending: Ending | undefined): void {
  if (ending !== undefined) running.attempt = { ...ending, milliseconds: performance.now() - running.start };
}

const failure = (errno: string | undefined): Attempt => ({
  ...silence(undefined),
  ...{ outcome: "error", errno, milliseconds: 0 },
});
