/** How entries get into the kernel. */

import type { Entry } from "./entries.ts";
import type { Delta } from "./ledger.ts";
import type { FirewallRow } from "./types.ts";

export interface Backend extends Disposable {
  readonly name: "nftables" | "iptables";
  readonly mode?: "nft" | "legacy";
  /** Makes the constant part, or brings it back to what it should be, and keeps all entries. */
  ensure(): void;
  /** Makes the constant part with these entries and no others. The administrator's own rules stay. */
  replace(entries: readonly Entry[]): void;
  /** @throws {BackendError}, and nothing has changed */
  apply(delta: Delta): void;
  /** As {@link apply}, over what a former run may have left for the same subnets. */
  claim(delta: Delta, all: readonly Entry[]): void;
  /** @returns false when something of the constant part or of `entries` is not there */
  check(entries: () => readonly Entry[]): boolean;
  list(entries: readonly Entry[]): Promise<FirewallRow[]>;
  foreignDrops(): string[];
}

/** A tool or the kernel refused a change. */
export class BackendError extends Error {
  override readonly name: string = "BackendError";
  /** What the change needs is not there: somebody else has been at our rules. */
  readonly missing: boolean;

  constructor(message: string, missing: boolean) {
    super(message);
    this.missing = missing;
  }
}
