import type { Logger } from "../../../lib/log.ts";
import { type Backend, BackendError } from "../backend.ts";
import type { Family } from "../checks.ts";
import type { Entry } from "../entries.ts";
import type { Delta } from "../ledger.ts";
import { removeNftablesTable } from "../nftables/backend.ts";
import { foreignDrops, isOurTable } from "../nftables/foreign.ts";
import { type ChainFacts, KernelView } from "../nftables/kernel-view.ts";
import type { FirewallRow } from "../types.ts";
import type { UserChain, UserRules } from "../user-rules.ts";
import { USER_CHAIN } from "./chains.ts";
import { legacyDrops } from "./leftovers.ts";
import { isGroupChain, PortGroups } from "./port-groups.ts";
import { IptablesPrograms } from "./programs.ts";
import type { Saved } from "./saved.ts";
import { deltaScript, replaceScript, ruleCounts, userScript } from "./scripts.ts";
import { legacyStamp, nftStamp, type Stamp } from "./stamp.ts";

export interface IptablesOptions {
  readonly families: readonly Family[];
  readonly logger: Logger;
  readonly userRules: UserRules;
}

/** @throws `unsupported` when the host has no iptables */
export function openIptables(options: IptablesOptions): Backend {
  const { families } = options;
  const programs = IptablesPrograms.find(families);
  const kernel = KernelView.open();
  const stamp = programs.mode === "nft" ? nftStamp(kernel) : legacyStamp(families);
  return new IptablesBackend({ ...options, programs, kernel, stamp });
}

interface Tools extends IptablesOptions {
  readonly programs: IptablesPrograms;
  readonly kernel: KernelView;
  readonly stamp: Stamp;
}

/** One iptables-restore for each family that a change is about. */
class IptablesBackend implements Backend {
  readonly name = "iptables";
  readonly #tools: Tools;
  /** The stamp that our own changes have led to; undefined when somebody else's may be among them. */
  #expected: string | undefined;
  readonly #groups = new PortGroups();

  constructor(tools: Tools) {
    this.#tools = tools;
  }

  get mode(): "nft" | "legacy" {
    return this.#tools.programs.mode;
  }

  /** Chains that are all there are left alone: rules of containers that run are in them. */
  ensure(): void {
    const { families, programs, kernel, logger } = this.#tools;
    removeNftablesTable(kernel, logger);
    const saved = families.map((family) => ({ family, saved: programs.save(family) }));
    if (!saved.every((each) => each.saved.hasFrame())) {
      this.replace([]);
      return;
    }
    this.#groups.reset([]);
    for (const each of saved) {
      this.#seeUserRules(each);
      for (const { chain } of each.saved.rules) if (isGroupChain(chain)) this.#groups.add(each.family, chain);
    }
  }

  replace(entries: readonly Entry[]): void {
    const { families, programs, stamp, userRules } = this.#tools;
    for (const family of families) {
      const saved = programs.save(family);
      programs.restore(family, replaceScript(entries, family, saved));
      if (saved.hasChain("filter", USER_CHAIN)) this.#seeUserRules({ family, saved });
      else userRules.putBack(chainOf(family), (rules) => programs.restore(family, userScript(rules)));
    }
    this.#groups.reset(entries);
    this.#expected = stamp.read();
  }

  apply(delta: Delta): void {
    const { families, programs } = this.#tools;
    const done: Family[] = [];
    this.#asOwnChange(() => {
      try {
        for (const family of families) {
          const script = deltaScript(delta, family, this.#groups.changeOf(delta, family));
          if (script !== "") programs.restore(family, script);
          done.push(family);
        }
      } catch (error) {
        if (!(error instanceof BackendError)) throw error;
        const inverse = { add: delta.remove, remove: delta.add };
        for (const family of done) {
          const { opened, closed } = this.#groups.changeOf(delta, family);
          programs.restore(family, deltaScript(inverse, family, { opened: closed, closed: opened }));
        }
        throw error;
      }
    });
    this.#groups.commit(delta);
  }

  /** Rules may be there twice until the first {@link replace}. */
  claim(delta: Delta): void {
    this.apply(delta);
  }

  check(entries: () => readonly Entry[]): boolean {
    const { stamp, families, programs } = this.#tools;
    const now = stamp.read();
    if (now === this.#expected) return true;
    const all = entries();
    const present = families.map((family) => ({ family, saved: programs.save(family) }));
    if (!present.every(({ family, saved }) => saved.isWhole(ruleCounts(all, family)))) return false;
    for (const each of present) this.#seeUserRules(each);
    this.#expected = now;
    return true;
  }

  async list(): Promise<FirewallRow[]> {
    const { families, programs } = this.#tools;
    const saved = await Promise.all(families.map((family) => programs.saveWithCounters(family)));
    return saved.flatMap((each, index) =>
      each.rows().map((row) => ({ ...row, place: `${families[index] === 6 ? "ip6" : "ip"} ${row.place}` })),
    );
  }

  /** In the chain that ours are entered from, what we accept does not come to a later drop. */
  foreignDrops(): string[] {
    const { kernel, programs } = this.#tools;
    const isEnteredByUs = ({ familyName, table, name }: ChainFacts): boolean =>
      programs.mode === "nft" && familyName.startsWith("ip") && table === "filter" && name === "FORWARD";
    const nft = foreignDrops(kernel.chains(), kernel.rules, (chain) => isOurTable(chain) || isEnteredByUs(chain));
    return programs.mode === "legacy" ? nft : [...nft, ...legacyDrops()];
  }

  [Symbol.dispose](): void {
    this.#tools.stamp[Symbol.dispose]();
    this.#tools.kernel[Symbol.dispose]();
  }

  #seeUserRules({ family, saved }: { readonly family: Family; readonly saved: Saved }): void {
    this.#tools.userRules.remember(chainOf(family), saved.userRules());
  }

  /** Somebody else's change before ours must not be taken for ours. */
  #asOwnChange(body: () => void): void {
    const { stamp } = this.#tools;
    const isKnown = stamp.read() === this.#expected;
    body();
    this.#expected = isKnown ? stamp.read() : undefined;
  }
}

const chainOf = (family: Family): UserChain => (family === 4 ? "iptables" : "ip6tables");
