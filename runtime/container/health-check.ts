/** Health checks: what a container asks for, and what a result means. Pure. Rules, defaults and texts are Docker's. */
import { invalid } from "../../lib/errors.ts";
import type { ContainerConfig, Health, HealthcheckConfig, HealthResult } from "../types.ts";

/** All in milliseconds. */
export interface HealthCheck {
  readonly command: readonly string[];
  readonly interval: number;
  readonly timeout: number;
  readonly startPeriod: number;
  readonly startInterval: number;
  /** How many failures in a row make it unhealthy. */
  readonly retries: number;
}

const NANOSECONDS_A_MILLISECOND = 1e6;
const DEFAULT_INTERVAL = 30_000;
const DEFAULT_TIMEOUT = 30_000;
const DEFAULT_START_INTERVAL = 5000;
const DEFAULT_RETRIES = 3;
const DEFAULT_SHELL = ["/bin/sh", "-c"];
/** Results that are kept. */
const KEPT_RESULTS = 5;

const TIMES = ["Interval", "Timeout", "StartPeriod", "StartInterval"] as const;

/** @throws `invalid` with Docker's texts */
export function checkHealthcheck(asked: HealthcheckConfig | undefined): void {
  if (asked === undefined) return;
  for (const field of TIMES) {
    const time = asked[field] ?? 0;
    if (time !== 0 && time < NANOSECONDS_A_MILLISECOND) {
      throw invalid(`${field} in Healthcheck cannot be less than 1ms`, "CTR_HEALTHCHECK_INVALID");
    }
  }
  if ((asked.Retries ?? 0) < 0) throw invalid("Retries in Healthcheck cannot be negative", "CTR_HEALTHCHECK_INVALID");
}

/** What is not asked for comes from the image, field by field. */
export function mergeHealthcheck(
  asked: HealthcheckConfig | undefined,
  image: HealthcheckConfig | undefined,
): HealthcheckConfig | undefined {
  if (asked === undefined || image === undefined) return asked ?? image;
  const test = asked.Test?.length ? asked.Test : image.Test;
  const rest = [...TIMES, "Retries" as const].flatMap((field) => {
    const value = asked[field] || image[field];
    return value ? [[field, value] as const] : [];
  });
  return { ...(test === undefined ? {} : { Test: test }), ...Object.fromEntries(rest) };
}

/** @returns undefined for a container without, or whose kind of test is unknown */
export function healthCheckOf({ Healthcheck, Shell }: ContainerConfig): HealthCheck | undefined {
  const [kind, ...words] = Healthcheck?.Test ?? [];
  if (Healthcheck === undefined || (kind !== "CMD" && kind !== "CMD-SHELL")) return undefined;
  const milliseconds = (field: (typeof TIMES)[number], otherwise: number): number =>
    (Healthcheck[field] ?? 0) / NANOSECONDS_A_MILLISECOND || otherwise;
  return {
    command: kind === "CMD" ? words : [...(Shell?.length ? Shell : DEFAULT_SHELL), ...words],
    interval: milliseconds("Interval", DEFAULT_INTERVAL),
    timeout: milliseconds("Timeout", DEFAULT_TIMEOUT),
    startPeriod: milliseconds("StartPeriod", 0),
    startInterval: milliseconds("StartInterval", DEFAULT_START_INTERVAL),
    retries: Healthcheck.Retries || DEFAULT_RETRIES,
  };
}

/** At the start of a run. Results of former runs stay to be looked at. */
export const healthAtStart = (former: Health | undefined): Health => ({
  status: "starting",
  failingStreak: 0,
  log: former?.log ?? [],
});

/** Nobody looks at a container that is stopped or paused: it counts as unhealthy. */
export const healthAtRest = (former: Health): Health => ({ ...former, status: "unhealthy", failingStreak: 0 });

/**
 * What is known after one more result. Failures in the start period do not count until the first success.
 * @param started when the run began
 */
export function healthAfter(before: Health, check: HealthCheck, result: HealthResult, started: string): Health {
  const log = [...before.log, result].slice(-KEPT_RESULTS);
  if (result.exitCode === 0) return { status: "healthy", failingStreak: 0, log };
  if (isInStartPeriod(before, check, Date.parse(started), Date.parse(result.start))) return { ...before, log };
  const failingStreak = before.failingStreak + 1;
  return { status: failingStreak >= check.retries ? "unhealthy" : before.status, failingStreak, log };
}

/** @returns milliseconds until the next look */
export function nextLook(health: Health, check: HealthCheck, started: string, now: number): number {
  const { interval, startInterval } = check;
  return isInStartPeriod(health, check, Date.parse(started), now) ? startInterval : interval;
}

const isInStartPeriod = ({ status }: Health, { startPeriod }: HealthCheck, started: number, now: number): boolean =>
  status === "starting" && now - started < startPeriod;
