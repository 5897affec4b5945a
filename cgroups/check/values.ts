/** What every check of a value needs. */
import { type CtrError, invalid } from "../../lib/errors.ts";

/** Not NaN, no fraction, no more than a number holds exactly, not negative. */
export const isWhole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

export const bad = (text: string): CtrError => invalid(text, "CTR_LIMIT_INVALID");

export const contradiction = (text: string, hint?: string): CtrError =>
  invalid(text, { code: "CTR_LIMIT_CONTRADICTION", hint });
