/**
 * The administrator's own rules as they were last seen. When somebody takes away the chain that they are in
 * (`nft flush ruleset`), they come back with it. A chain that is there is his, whatever is in it or not.
 */
import { readFileSync } from "node:fs";
import { writeFileAtomic } from "../../lib/atomic-file.ts";
import { hasCode, messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { BackendError } from "./backend.ts";

/** Each backend's chain; iptables has one for each family. */
export type UserChain = "nftables" | "iptables" | "ip6tables";

export interface UserRulesOptions {
  readonly logger: Logger;
  /** Keeps them for the next engine, in a folder that a restart of the host empties as it empties the kernel. */
  readonly path?: string | undefined;
}

export class UserRules {
  readonly #logger: Logger;
  readonly #path: string | undefined;
  readonly #rules: Map<UserChain, readonly string[]>;

  constructor({ logger, path }: UserRulesOptions) {
    this.#logger = logger;
    this.#path = path;
    this.#rules = path === undefined ? new Map() : this.#read(path);
  }

  /** @param rules what the chain holds now, in the backend's own language */
  remember(chain: UserChain, rules: readonly string[]): void {
    if (JSON.stringify(rules) === JSON.stringify(this.#rules.get(chain) ?? [])) return;
    this.#rules.set(chain, rules);
    if (this.#path === undefined) return;
    try {
      writeFileAtomic(this.#path, JSON.stringify(Object.fromEntries(this.#rules)), 0o600);
    } catch (error) {
      this.#logger.warn("The administrator's firewall rules are not kept for the next start.", {
        reason: messageOf(error),
      });
    }
  }

  /**
   * Fills a chain that has just been made anew.
   * @param write puts rules into the empty chain, all or none
   */
  putBack(chain: UserChain, write: (rules: readonly string[]) => void): void {
    const rules = this.#rules.get(chain) ?? [];
    if (rules.length === 0) return;
    try {
      write(rules);
      this.#logger.warn("The chain of the administrator's own firewall rules had gone; they are put back.", { rules });
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      // They named a set of his that has gone too, for example. Ours must not fail for that.
      this.#logger.error("The administrator's own firewall rules have gone and cannot be put back.", {
        rules,
        reason: error.message,
      });
    }
  }

  #read(path: string): Map<UserChain, readonly string[]> {
    try {
      return new Map(Object.entries(JSON.parse(readFileSync(path, "utf8"))) as [UserChain, string[]][]);
    } catch (error) {
      if (!hasCode(error, "ENOENT")) {
        this.#logger.warn("The administrator's firewall rules of the last run cannot be read.", {
          reason: messageOf(error),
        });
      }
      return new Map();
    }
  }
}
