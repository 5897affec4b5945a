/**
 * Looks a name up as the C library of a program in a namespace would: /etc/hosts, then the name servers of resolv.conf in
 * their order, with its search domains. See nsswitch.conf(5), resolv.conf(5). Every question is kept, as evidence.
 */
import { isIP } from "node:net";
import { candidates, queryMessage } from "../../dns/explain.ts";
import { type Enter, Upstream, type UpstreamError } from "../../dns/upstream.ts";
import { Rcode, rcodeName, Type } from "../../dns/wire/constants.ts";
import { answerTexts, isTruncated, rcodeOf } from "../../dns/wire/message.ts";
import { parseQuery, type Query } from "../../dns/wire/query.ts";
import { hasNdots, parseResolvConf } from "../../files/host-resolv-conf.ts";
import { canonicalAddress } from "../../ports/host-address.ts";
import type { NameLookup, NameQuestion } from "./types.ts";

/** What else a look-up can be: the name as it is written, asked of name servers alone. */
export type LookUpKind = "as programs do" | "as written, of name servers";

export interface LookUpOptions {
  /** `as programs do` where absent. */
  readonly kind?: LookUpKind;
  /** Text of /etc/resolv.conf and /etc/hosts as the programs there see them. */
  readonly resolvConf: string | undefined;
  readonly hosts: string | undefined;
  /** Runs something synchronous in the namespace that is asked from. */
  readonly enter: Enter;
  /** Milliseconds that one server may be silent. */
  readonly patience?: number;
}

/** Milliseconds. A healthy server answers much sooner, and a reader waits for the whole. */
const PATIENCE = 1000;
/** resolv.conf(5): MAXNS. */
const MOST_SERVERS = 3;
const LOCAL_SERVER = "127.0.0.1";
const TYPES = ["A", "AAAA"] as const;

/** @throws `invalid` (`CTR_NAME_INVALID`) for what cannot be a name */
export async function lookUp(name: string, options: LookUpOptions): Promise<NameLookup> {
  const start = performance.now();
  const { servers: all, search, options: words } = parseResolvConf(options.resolvConf ?? "");
  const servers = all.length === 0 ? [LOCAL_SERVER] : all.slice(0, MOST_SERVERS);
  const answer = (addresses: readonly string[], by: NameLookup["by"], questions: readonly NameQuestion[]) => ({
    ...{ name, questions, addresses, by, servers },
    milliseconds: performance.now() - start,
  });
  const isPlain = options.kind === "as written, of name servers";
  const written = isPlain ? [] : addressesInHosts(options.hosts ?? "", name);
  if (written.length > 0) return answer(written, "hosts", []);
  const questions: NameQuestion[] = [];
  const asker = new Asker(options.enter, options.patience ?? PATIENCE);
  const asTyped = isPlain ? `${name.replace(/\.$/, "")}.` : name;
  for (const question of candidates(asTyped, { search, options: hasNdots(words) ? words : [...words, "ndots:1"] })) {
    const asked = await Promise.all(TYPES.map((type) => asker.ask(question, type, servers)));
    questions.push(...asked.flat());
    const addresses = asked.flatMap((steps) => steps.at(-1)?.addresses ?? []);
    if (addresses.length > 0) return answer(addresses, "dns", questions);
    // The next search domain is tried only where a server has said that there is nothing.
    if (asked.every((steps) => !isAnswer(steps.at(-1)))) break;
  }
  return answer([], undefined, questions);
}

const isAnswer = (step: NameQuestion | undefined): boolean =>
  step !== undefined && ["found", "none", "unknown"].includes(step.outcome);

/** Every line with the name counts, its letters' case does not. Exported for tests. */
export function addressesInHosts(content: string, name: string): string[] {
  const wanted = name.replace(/\.$/, "").toLowerCase();
  const found = content.split("\n").flatMap((line) => {
    const [address = "", ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    const canonical = isIP(address) === 0 ? undefined : canonicalAddress(address);
    return canonical !== undefined && names.some((one) => one.toLowerCase() === wanted) ? [canonical] : [];
  });
  return [...new Set(found)].sort((one, other) => isIP(one) - isIP(other));
}

class Asker {
  readonly #enter: Enter;
  readonly #patience: number;
  /** Whoever was silent once is not waited for again. */
  readonly #silent = new Set<string>();

  constructor(enter: Enter, patience: number) {
    this.#enter = enter;
    this.#patience = patience;
  }

  /**
   * Up to the first server that gives an answer. A program asks one after the other and waits 5 seconds for each; here all are
   * asked at once, so that nobody waits for the silent ones.
   */
  async ask(question: string, type: (typeof TYPES)[number], servers: readonly string[]): Promise<NameQuestion[]> {
    const asked = servers.filter((server) => !this.#silent.has(server));
    const steps = await Promise.all(asked.map((server) => this.#askServer(question, type, server)));
    for (const { server, outcome } of steps) if (outcome === "silence") this.#silent.add(server);
    const last = steps.findIndex(isAnswer);
    return last < 0 ? steps : steps.slice(0, last + 1);
  }

  async #askServer(question: string, type: (typeof TYPES)[number], server: string): Promise<NameQuestion> {
    const start = performance.now();
    const query = parseQuery(queryMessage(question, type === "A" ? Type.a : Type.aaaa)) as Query;
    using upstream = new Upstream(server, this.#enter);
    const result = await this.#exchange(upstream, query);
    return { question, type, server, ...readResult(result), milliseconds: performance.now() - start };
  }

  /** Over UDP; a cut answer is asked for again over TCP, as resolvers do. */
  async #exchange(upstream: Upstream, query: Query): Promise<Exchanged> {
    const first = await this.#once(upstream, query, true);
    return Buffer.isBuffer(first) && isTruncated(first) ? await this.#once(upstream, query, false) : first;
  }

  #once(upstream: Upstream, query: Query, overUdp: boolean): Promise<Exchanged> {
    return new Promise((resolve) => {
      let cancel = (): void => {};
      const timer = setTimeout(() => {
        cancel();
        resolve(undefined);
      }, this.#patience);
      cancel = upstream.ask(query, overUdp, (result) => {
        clearTimeout(timer);
        resolve(result);
      });
    });
  }
}

/** Undefined for silence. */
type Exchanged = Buffer | UpstreamError | undefined;

function readResult(result: Exchanged): Pick<NameQuestion, "outcome" | "detail" | "addresses"> {
  if (result === undefined) return { outcome: "silence", detail: undefined, addresses: [] };
  if (!Buffer.isBuffer(result)) {
    const [errno] = /\bE[A-Z]{4,}\b/.exec(result.message) ?? [];
    return { outcome: errno === "ECONNREFUSED" ? "refused" : "error", detail: errno ?? result.message, addresses: [] };
  }
  const rcode = rcodeOf(result);
  const addresses = rcode === Rcode.noError ? answerTexts(result).filter((text) => isIP(text) !== 0) : [];
  if (addresses.length > 0) return { outcome: "found", detail: undefined, addresses };
  if (rcode === Rcode.noError) return { outcome: "none", detail: rcodeName(rcode), addresses };
  return { outcome: rcode === Rcode.nameError ? "unknown" : "failed", detail: rcodeName(rcode), addresses };
}
