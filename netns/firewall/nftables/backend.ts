import { messageOf } from "../../../lib/errors.ts";
import type { Logger } from "../../../lib/log.ts";
import type { Backend } from "../backend.ts";
import type { Entry } from "../entries.ts";
import { legacyDrops, removeIptablesRules } from "../iptables/leftovers.ts";
import type { Delta } from "../ledger.ts";
import type { FirewallRow } from "../types.ts";
import { UserRules } from "../user-rules.ts";
import { additions, deltaScript, type Layout } from "./elements.ts";
import { foreignDrops, isOurTable } from "./foreign.ts";
import { KernelView } from "./kernel-view.ts";
import { openLibnftables } from "./libnftables.ts";
import { listTable } from "./listing.ts";
import { openNftCommand } from "./nft-command.ts";
import { emptyScript, emptySubnetsScript, ensureScript, removeScript } from "./table.ts";
import { NftError, type NftTransport } from "./transport.ts";
import { hasParts, listUserPart } from "./user-part.ts";

/** How much longer than it takes to list them the administrator's sets are left alone. */
const LOOK_PAUSE = 50;

export interface NftablesOptions {
  readonly logger: Logger;
  readonly userRules: UserRules;
}

export function openNftables({ logger, userRules }: NftablesOptions): Backend {
  return new NftablesBackend(openTransport(logger), logger, userRules);
}

/** For the other backend: two that translate the same packets would be in each other's way. */
export function removeNftablesTable(kernel: KernelView, logger: Logger): void {
  if (!kernel.chains().some(isOurTable)) return;
  using transport = openTransport(logger);
  transport.run(removeScript());
}

function openTransport(logger: Logger): NftTransport {
  try {
    return openLibnftables();
  } catch (error) {
    logger.info("libnftables.so.1 cannot be used; the firewall runs the nft program instead.", {
      reason: messageOf(error),
    });
    return openNftCommand();
  }
}

/** Exported for tests, which give it a transport of their own. */
export class NftablesBackend implements Backend {
  readonly name = "nftables";
  readonly #transport: NftTransport;
  readonly #logger: Logger;
  readonly #kernel = KernelView.open();
  readonly #userRules: UserRules;
  /** The administrator's rules that are remembered, and the generation at which they were looked at. */
  #userSign: string | undefined;
  #userGeneration: number | undefined;
  /** Sets of his may change without his rules; a big one takes long to list, so that must not be done all the time. */
  #userHasParts = false;
  #nextUserLook = 0;

  constructor(transport: NftTransport, logger: Logger, userRules = new UserRules({ logger })) {
    this.#transport = transport;
    this.#logger = logger;
    this.#userRules = userRules;
  }

  ensure(): void {
    removeIptablesRules(this.#kernel.chains(), this.#logger);
    this.#make(ensureScript);
  }

  replace(entries: readonly Entry[]): void {
    this.#make((layout) => ensureScript() + emptyScript() + additions(entries, layout));
  }

  apply(delta: Delta): void {
    this.#run((layout) => deltaScript(delta, layout));
  }

  claim(delta: Delta, all: readonly Entry[]): void {
    try {
      this.apply(delta);
    } catch (error) {
      if (!(error instanceof NftError)) throw error;
      const ofSubnets = all.filter(({ kind }) => kind === "subnet" || kind === "masquerade" || kind === "snat");
      this.#run((layout) => emptySubnetsScript() + additions([...ofSubnets, ...delta.add], layout));
    }
  }

  check(entries: () => readonly Entry[]): boolean {
    if (!this.#kernel.check(entries)) return false;
    this.#seeUserRules();
    return true;
  }

  list(): Promise<FirewallRow[]> {
    return listTable(this.#transport);
  }

  foreignDrops(): string[] {
    return [...foreignDrops(this.#kernel.chains(), this.#kernel.rules), ...legacyDrops()];
  }

  [Symbol.dispose](): void {
    this.#transport[Symbol.dispose]();
    this.#kernel[Symbol.dispose]();
  }

  #run(script: (layout: Layout) => string): void {
    try {
      this.#transport.run(script("together"));
    } catch (error) {
      if (!(error instanceof NftError)) throw error;
      // Nothing has changed. It fails again, and names the element this time.
      this.#transport.run(script("apart"));
    }
    this.#kernel.expectOwnChange();
  }

  /** The constant part. The administrator's chain may have gone with the table. */
  #make(script: (layout: Layout) => string): void {
    const hadChain = this.#kernel.userRules() !== undefined;
    this.#runOrRemake(script);
    if (!hadChain) {
      this.#userRules.putBack("nftables", (rules) => {
        this.#transport.run(rules.join("\n"));
      });
    }
    this.#kernel.remember();
    this.#seeUserRules();
  }

  /** Nothing else tells of a change of his. */
  #seeUserRules(): void {
    const generation = this.#kernel.generation();
    if (generation === this.#userGeneration) return;
    const sign = this.#kernel.userRules();
    const hasChanged = sign !== this.#userSign;
    const before = performance.now();
    if (!hasChanged && this.#userHasParts && before < this.#nextUserLook) return;
    if (sign !== undefined && (hasChanged || this.#userHasParts)) {
      const listed = sign === "" ? "" : listUserPart(this.#transport);
      this.#userRules.remember("nftables", sign === "" ? [] : [listed]);
      this.#userSign = sign;
      this.#userHasParts = hasParts(listed);
      this.#nextUserLook = performance.now() + (performance.now() - before) * LOOK_PAUSE;
    }
    this.#userGeneration = generation;
  }

  /** A table of another version may not fit; then it is made anew, with the administrator's own rules. */
  #runOrRemake(script: (layout: Layout) => string): void {
    try {
      this.#run(script);
    } catch (error) {
      if (!(error instanceof NftError)) throw error;
      this.#logger.warn("The firewall table does not fit and is made anew.", { reason: error.message });
      const user = listUserPart(this.#transport);
      this.#run((layout) => `${removeScript()}${script(layout)}${user}`);
    }
  }
}
