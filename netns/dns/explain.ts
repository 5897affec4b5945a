/** What a container's resolver would ask for a name, and what it would get: see resolv.conf(5) for search and ndots. */
import { isIP } from "node:net";
import { invalid } from "../../lib/errors.ts";
import type { Resolved } from "./forwarder.ts";
import type { NameExplanation, NameStep } from "./types.ts";
import { reverseName } from "./wire/address.ts";
import { CLASS_IN, Flag, HEADER_LENGTH, Rcode, rcodeName, typeName, typeNumber } from "./wire/constants.ts";
import { answerTexts, rcodeOf } from "./wire/message.ts";
import { encodeName } from "./wire/name.ts";

/** Of a container's resolv.conf. */
export interface ResolverOptions {
  readonly search: readonly string[];
  readonly options: readonly string[];
}

/**
 * @param ask answers one message as the container's server does
 * @throws `invalid` (`CTR_NAME_INVALID`, `CTR_NAME_TYPE_INVALID`)
 */
export async function explain(
  name: string,
  type: string | undefined,
  resolver: ResolverOptions,
  ask: (message: Buffer) => Promise<Resolved>,
): Promise<NameExplanation> {
  const reverse = isIP(name) !== 0 && (type === undefined || type.toUpperCase() === "PTR");
  const number = typeNumber(type ?? (reverse ? "PTR" : "A"));
  if (number === undefined) {
    throw invalid(`invalid DNS record type: ${type}`, {
      code: "CTR_NAME_TYPE_INVALID",
      hint: "A, AAAA, PTR, MX, TXT …",
    });
  }
  const steps: NameStep[] = [];
  for (const question of reverse ? [reverseName(name)] : candidates(name, resolver)) {
    const step = await askOnce(question, number, ask);
    steps.push(step);
    // Resolvers try the next domain only where there is nothing.
    if (step.answers.length > 0 || (step.status !== "NOERROR" && step.status !== "NXDOMAIN")) break;
  }
  return { name, type: typeName(number), steps };
}

async function askOnce(question: string, type: number, ask: (message: Buffer) => Promise<Resolved>): Promise<NameStep> {
  const message = queryMessage(question, type);
  const start = performance.now();
  const { message: answer, source } = await ask(message);
  return {
    question,
    status: rcodeName(rcodeOf(answer)),
    answers: rcodeOf(answer) === Rcode.noError ? answerTexts(answer) : [],
    source,
    microseconds: Math.round((performance.now() - start) * 1000),
  };
}

/** The names that are tried, in order. Exported for tests. */
export function candidates(name: string, { search, options }: ResolverOptions): string[] {
  if (name.endsWith(".")) return [name.slice(0, -1)];
  const domains = search.filter((domain) => domain !== ".").map((domain) => `${name}.${domain.replace(/\.$/, "")}`);
  const dots = name.split(".").length - 1;
  return dots >= ndotsOf(options) ? [name, ...domains] : [...domains, name];
}

function ndotsOf(options: readonly string[]): number {
  const values = options.flatMap((option) => /^ndots:(\d+)$/.exec(option)?.[1] ?? []);
  return Number(values.at(-1) ?? 0);
}

/** A question as resolvers send it, with the number 0. @throws `invalid` (`CTR_NAME_INVALID`) */
export function queryMessage(name: string, type: number): Buffer {
  const wire = encodeName(name);
  if (wire === undefined || wire.length === 1) throw invalid(`invalid name: "${name}"`, "CTR_NAME_INVALID");
  const header = Buffer.alloc(HEADER_LENGTH);
  header.writeUInt16BE(Flag.recursionDesired, 2);
  header.writeUInt16BE(1, 4);
  return Buffer.concat([header, wire, Buffer.from([type >> 8, type & 0xff, 0, CLASS_IN])]);
}
