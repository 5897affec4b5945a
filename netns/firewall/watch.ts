/** Notices that somebody else took rules of ours away (`nft flush ruleset`, a restart of firewalld) and mends it. */
import { messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { Firewall } from "./types.ts";

/** Milliseconds between looks, each of some 10 µs: a loss is mended within a second. */
const INTERVAL_MS = 500;
/** After a failure the pause doubles, up to this: a broken tool is not to fill the log. */
const LONGEST_MS = 60_000;

export interface WatchOptions {
  readonly firewall: Firewall;
  readonly logger: Logger;
  /** Called after the rules have been written again. */
  readonly onHeal: () => void;
  /** Milliseconds between looks; 500 where left out. */
  readonly interval?: number;
}

/** Goes on until it is disposed of, and keeps no process alive. */
export function watchFirewall({ firewall, logger, onHeal, interval = INTERVAL_MS }: WatchOptions): Disposable {
  let pause = interval;
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    try {
      if (!firewall.check() && firewall.heal()) {
        logger.warn("Somebody else changed the firewall's rules; they are written again.");
        onHeal();
      }
      pause = interval;
    } catch (error) {
      pause = Math.min(pause * 2, LONGEST_MS);
      logger.error("The firewall's rules cannot be seen to.", { reason: messageOf(error), nextTryMs: pause });
    }
    schedule();
  };
  const schedule = (): void => {
    timer = setTimeout(look, pause).unref();
  };
  schedule();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
