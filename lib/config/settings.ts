/** What the value of a key may be, and the words that say so in an error. */
import { messageOf } from "../errors.ts";

export interface Setting<T> {
  /** What is allowed, to follow «must be»: `a whole number from 68 to 65535`. */
  readonly words: string;
  /** @returns undefined when the value is not allowed. @throws to say more about a value of the right type */
  readonly read: (value: unknown) => T | undefined;
}

export type Schema = Readonly<Record<string, Setting<unknown>>>;

/** The values of a schema's keys; every key may be absent. */
export type SettingsOf<S> = { readonly [K in keyof S]?: S[K] extends Setting<infer T> ? T : never };

/** @param check may throw: its message follows the text's name */
export const text = (words = "a string", check?: (value: string) => void): Setting<string> => ({
  words,
  read(value) {
    if (typeof value !== "string") return undefined;
    check?.(value);
    return value;
  },
});

export const boolean: Setting<boolean> = {
  words: "true or false",
  read: (value) => (typeof value === "boolean" ? value : undefined),
};

export const wholeNumber = (least: number, most: number): Setting<number> => ({
  words: `a whole number from ${least} to ${most}`,
  read: (value) =>
    typeof value === "number" && Number.isInteger(value) && value >= least && value <= most ? value : undefined,
});

export const oneOf = <T extends string>(allowed: readonly T[]): Setting<T> => ({
  words: `one of ${allowed.map((word) => `"${word}"`).join(", ")}`,
  read: (value) => allowed.find((word) => word === value),
});

export const listOf = <T>(item: Setting<T>, words: string): Setting<readonly T[]> => ({
  words,
  read(value) {
    if (!Array.isArray(value)) return undefined;
    const items = value.map((one) => item.read(one));
    return items.every((one) => one !== undefined) ? items : undefined;
  },
});

/** Why a value is not allowed; undefined when it is. */
export function faultOf(setting: Setting<unknown>, value: unknown): string | undefined {
  try {
    return setting.read(value) === undefined ? `must be ${setting.words}, not ${JSON.stringify(value)}` : undefined;
  } catch (error) {
    return `must be ${setting.words}: ${messageOf(error)}`;
  }
}
