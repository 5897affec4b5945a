import { messageOf } from "../../../lib/errors.ts";
import type { Logger } from "../../../lib/log.ts";
import type { Backend } from "../backend.ts";
import type { Entry } from "../entries.ts";
import { legacyDrops, removeIptablesRules } from "../iptables/leftovers.ts";
import type { Delta } from "../ledger.ts";
import type { FirewallRow } from "../types.ts";
import { additions, deltaScript, type Layout } from "./elements.ts";
import { foreignDrops, isOurTable } from "./foreign.ts";
import { KernelView } from "./kernel-view.ts";
import { openLibnftables } from "./libnftables.ts";
import { listTable } from "./listing.ts";
import { openNftCommand } from "./nft-command.ts";
import { emptyScript, emptySubnetsScript, ensureScript, removeScript, TABLE, USER_CHAIN } from "./table.ts";
import { NftError, type NftTransport } from "./transport.ts";

export function openNftables({ logger }: { readonly logger: Logger }): Backend {
  return new NftablesBackend(openTransport(logger), logger);
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
  readonly #kernel: KernelView;

  constructor(transport: NftTransport, logger: Logger, kernel: KernelView = KernelView.open()) {
    this.#transport = transport;
    this.#logger = logger;
    this.#kernel = kernel;
  }

  ensure(): void {
    removeIptablesRules(this.#kernel.chains(), this.#logger);
    this.#runOrRemake(ensureScript);
    this.#kernel.remember();
  }

  replace(entries: readonly Entry[]): void {
    this.#runOrRemake((layout) => ensureScript() + emptyScript() + additions(entries, layout));
    this.#kernel.remember();
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
    return this.#kernel.check(entries);
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

  /** A table of another version may not fit; then it is made anew, with the administrator's own rules. */
  #runOrRemake(script: (layout: Layout) => string): void {
    try {
      this.#run(script);
    } catch (error) {
      if (!(error instanceof NftError)) throw error;
      this.#logger.warn("The firewall table does not fit and is made anew.", { reason: error.message });
      const user = this.#userRules();
      this.#run((layout) => `${removeScript()}${script(layout)}${user}`);
    }
  }

  #userRules(): string {
    try {
      return this.#transport.run(`list chain ${TABLE} ${USER_CHAIN}\n`);
    } catch (error) {
      if (error instanceof NftError) return "";
      throw error;
    }
  }
}
