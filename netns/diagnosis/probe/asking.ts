/** Asks one question after the other until one is answered, and looks meanwhile at what is told. */
import { setTimeout as delay } from "node:timers/promises";
import type { Attempt } from "../types/index.ts";
import type { Ending, Question } from "./attempt.ts";

export interface AskingOptions {
  /** Milliseconds until silence is silence. */
  readonly timeout: number;
  /** All are asked, also when one is answered: for obstacles that stop only some packets. */
  readonly all: boolean;
  /** Is called again and again while answers are awaited. */
  readonly meanwhile: () => void;
}

export interface AskedQuestion {
  readonly attempt: Attempt;
  /** {@link performance.now} */
  readonly askedAt: number;
}

/** While an answer can come at once, the thread waits in the kernel: a timer would be later than the answer. Milliseconds. */
const EAGER = 4;
/** What another question that was answered leaves to those before it. */
const GRACE = 50;

interface Open {
  readonly question: Question;
  readonly askedAt: number;
  ending: Ending | undefined;
  endedAt: number;
}

export async function askAll(questions: readonly Question[], options: AskingOptions): Promise<AskedQuestion[]> {
  const began = performance.now();
  const asked: Open[] = [];
  let deadline = began + options.timeout;
  for (;;) {
    const now = performance.now();
    if (isDue(now - began, asked, questions, options)) asked.push(ask(questions[asked.length] as Question));
    for (const one of asked) look(one);
    options.meanwhile();
    if (isOver(asked, questions, options)) break;
    if (!options.all && asked.some(isSuccess)) deadline = Math.min(deadline, now + GRACE);
    if (now >= deadline) break;
    await wait(asked, now);
  }
  return asked.map(finish);
}

/** The questions share the time; where all are asked, one that is answered does not keep the next one waiting. */
function isDue(
  passed: number,
  asked: readonly Open[],
  questions: readonly Question[],
  options: AskingOptions,
): boolean {
  if (asked.length === questions.length) return false;
  if (asked.length === 0) return true;
  const isTime = passed >= (options.timeout * asked.length) / questions.length;
  return options.all ? isTime || asked.every(isEnded) : isTime && !asked.some(isSuccess);
}

function ask(question: Question): Open {
  const askedAt = performance.now();
  const ending = question.ask();
  return { question, askedAt, ending, endedAt: performance.now() };
}

function look(one: Open): void {
  if (one.ending !== undefined) return;
  one.ending = one.question.look();
  one.endedAt = performance.now();
}

const isEnded = ({ ending }: Open): boolean => ending !== undefined;
const isSuccess = ({ ending }: Open): boolean => ending?.outcome === "connected" || ending?.outcome === "answered";

const isOver = (asked: readonly Open[], questions: readonly Question[], { all }: AskingOptions): boolean =>
  asked.every(isEnded) && (!all || asked.length === questions.length);

async function wait(asked: readonly Open[], now: number): Promise<void> {
  const newest = asked.at(-1);
  if (newest !== undefined && newest.ending === undefined && now - newest.askedAt < EAGER) {
    newest.question.socket.poll(newest.question.awaits, 1);
  }
  await delay(1);
}

function finish({ question, askedAt, ending, endedAt }: Open): AskedQuestion {
  const end = ending ?? question.giveUp();
  const until = ending === undefined ? performance.now() : endedAt;
  return { askedAt, attempt: { ...end, milliseconds: until - askedAt } };
}
