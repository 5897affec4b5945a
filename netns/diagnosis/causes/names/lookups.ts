/** Look-ups of names that led to no address: what a cause says of them. */
import { isIP } from "node:net";
import type { NameLookup, NameQuestion } from "../../look-up/types.ts";
import type { SnapshotView } from "../../snapshot-view.ts";
import type { Evidence, Finding, Place } from "../../types/index.ts";

export interface LookupContext {
  readonly view: SnapshotView;
  /** Where the name was looked up. */
  readonly from: Place;
  readonly fromName: string;
  readonly lookup: NameLookup;
  /** Addresses of the container that has the name, where one has it. */
  readonly expected?: readonly string[];
  /** What name servers say of the name as it is written, where that was asked as well. */
  readonly plain?: NameLookup;
}

export interface LookupCause {
  explainLookup(context: LookupContext): readonly Finding[];
}

export const outcomesOf = ({ questions }: NameLookup): ReadonlySet<NameQuestion["outcome"]> =>
  new Set(questions.map(({ outcome }) => outcome));

const WORDS: Readonly<Record<NameQuestion["outcome"], string>> = {
  found: "found",
  none: "no address of this kind",
  unknown: "no such name",
  failed: "an error",
  refused: "refused: nobody listens",
  silence: "no answer",
  error: "could not be sent",
};

export const questionEvidence = ({ questions }: NameLookup): Evidence[] =>
  questions.map(({ question, type, server, outcome, detail }) => ({
    source: `${server} asked for ${type} of ${question}`,
    value: detail ?? WORDS[outcome],
    expected: "an address",
  }));

export interface RightAddresses {
  readonly addresses: readonly string[];
  readonly source: string;
}

/** Other addresses than those that programs get; undefined where nothing speaks against these. */
export function contradiction({ lookup, expected, plain }: LookupContext): RightAddresses | undefined {
  // Programs take the first one of a family, and most of them no other.
  const taken = [4, 6].flatMap((family) => lookup.addresses.find((address) => isIP(address) === family) ?? []);
  const isOther = (right: readonly string[]): boolean =>
    right.length > 0 && taken.every((address) => !right.includes(address));
  if (expected !== undefined) {
    return isOther(expected) ? { addresses: expected, source: `ctr inspect ${lookup.name}` } : undefined;
  }
  return plain !== undefined && isOther(plain.addresses)
    ? { addresses: plain.addresses, source: `${plain.servers[0]} asked for ${lookup.name}.` }
    : undefined;
}
