/** What the settings of `ctrd` may be, whether they come from a flag or from `daemon.json`. */
import { faultOf, oneOf, type Setting, wholeNumber } from "../../lib/config/settings.ts";
import { LOG_LEVELS } from "../../lib/log.ts";

export const LOG_FORMATS = ["text", "json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** Bytes: the least that IPv4 asks of a link, and the most that a veth takes. */
export const MTU = wholeNumber(68, 65_535);

export const LOG_LEVEL = oneOf(LOG_LEVELS);
export const LOG_FORMAT = oneOf(LOG_FORMATS);

/** Reads the value of a flag by the rules of a setting. */
export function flagValue<T>(setting: Setting<T>, value: unknown): T {
  const fault = faultOf(setting, value);
  if (fault !== undefined) throw new Error(fault);
  return setting.read(value) as T;
}
