/** Whether the own quota of CPU time holds a group back. */
import { MUCH_THROTTLED, MUCH_THROTTLED_TIME } from "./thresholds.ts";
import type { Rates } from "./types.ts";

export const isThrottled = ({ throttledShare = 0, throttledTime }: Rates): boolean =>
  throttledShare >= MUCH_THROTTLED && throttledTime >= MUCH_THROTTLED_TIME;
