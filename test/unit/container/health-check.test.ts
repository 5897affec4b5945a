import { deepEqual, equal, throws } from "node:assert/strict";
import {
  checkHealthcheck,
  type HealthCheck,
  healthAfter,
  healthAtRest,
  healthAtStart,
  healthCheckOf,
  mergeHealthcheck,
  nextLook,
} from "../../../runtime/container/health-check.ts";
import type { Health } from "../../../runtime/types.ts";

const STARTED = "2026-01-01T00:00:00.000000000Z";
const at = (seconds: number): string => new Date(Date.parse(STARTED) + seconds * 1000).toISOString();
const CHECK: HealthCheck = {
  command: ["true"],
  interval: 30_000,
  timeout: 30_000,
  startPeriod: 0,
  startInterval: 5000,
  retries: 3,
};

describe("a health check", () => {
  it("has Docker's defaults", () => {
    deepEqual(healthCheckOf({ Healthcheck: { Test: ["CMD", "true"] } }), CHECK);
  });

  it("runs a program, or a line of the container's shell", () => {
    const commandOf = (Test: readonly string[], Shell?: readonly string[]) =>
      healthCheckOf({ Healthcheck: { Test }, ...(Shell === undefined ? {} : { Shell }) })?.command;
    deepEqual(commandOf(["CMD", "wget", "-q"]), ["wget", "-q"]);
    deepEqual(commandOf(["CMD-SHELL", "true || false"]), ["/bin/sh", "-c", "true || false"]);
    deepEqual(commandOf(["CMD-SHELL", "true"], ["/bin/ash", "-ec"]), ["/bin/ash", "-ec", "true"]);
  });

  it("is none without a test, with NONE, and for what nobody knows", () => {
    for (const Test of [[], ["NONE"], ["SOMETHING", "x"]]) equal(healthCheckOf({ Healthcheck: { Test } }), undefined);
    equal(healthCheckOf({}), undefined);
  });

  it("takes from the image what is not asked for", () => {
    const image = { Test: ["CMD", "image"], Interval: 2e9, Retries: 4 };
    deepEqual(mergeHealthcheck({ Interval: 1e9 }, image), { Test: ["CMD", "image"], Interval: 1e9, Retries: 4 });
    deepEqual(mergeHealthcheck({ Test: ["NONE"] }, image)?.Test, ["NONE"]);
    deepEqual(mergeHealthcheck(undefined, image), image);
    equal(mergeHealthcheck(undefined, undefined), undefined);
  });

  it("is refused with Docker's texts", () => {
    for (const field of ["Interval", "Timeout", "StartPeriod", "StartInterval"]) {
      for (const time of [999_999, -1]) {
        throws(() => checkHealthcheck({ [field]: time }), {
          message: `${field} in Healthcheck cannot be less than 1ms`,
          status: 400,
        });
      }
    }
    throws(() => checkHealthcheck({ Retries: -1 }), { message: "Retries in Healthcheck cannot be negative" });
    checkHealthcheck({ Interval: 0, Timeout: 1e6 });
  });
});

describe("the health of a container", () => {
  const told = (before: Health, exitCode: number, check: Partial<HealthCheck> = {}, seconds = 1): Health =>
    healthAfter(
      before,
      { ...CHECK, ...check },
      { start: at(seconds), end: at(seconds), exitCode, output: "" },
      STARTED,
    );
  const starting = healthAtStart(undefined);

  it("is good after one success, and bad after so many failures in a row", () => {
    const once = told(starting, 1);
    deepEqual([once.status, once.failingStreak], ["starting", 1]);
    const healthy = told(once, 0);
    deepEqual([healthy.status, healthy.failingStreak], ["healthy", 0]);
    const twice = told(told(healthy, 1), -1);
    deepEqual([twice.status, twice.failingStreak], ["healthy", 2]);
    equal(told(twice, 2).status, "unhealthy");
    equal(told(told(twice, 2), 0).status, "healthy");
  });

  it("does not count failures in the start period, until the first success", () => {
    const check = { startPeriod: 10_000, retries: 1 };
    deepEqual(told(starting, 1, check).failingStreak, 0);
    equal(told(starting, 1, check, 11).status, "unhealthy");
    equal(told(told(starting, 0, check), 1, check).status, "unhealthy");
  });

  it("is looked at more often in the start period", () => {
    const check = { ...CHECK, startPeriod: 10_000 };
    const look = (health: Health, seconds: number) => nextLook(health, check, STARTED, Date.parse(at(seconds)));
    equal(look(starting, 1), 5000);
    equal(look(starting, 11), 30_000);
    equal(look(told(starting, 0), 1), 30_000);
  });

  it("keeps the last results, also over its next start", () => {
    let health = starting;
    for (let code = 1; code <= 7; code++) health = told(health, code);
    const codes = [3, 4, 5, 6, 7];
    deepEqual(
      health.log.map(({ exitCode }) => exitCode),
      codes,
    );
    deepEqual(healthAtRest(health), { ...health, status: "unhealthy", failingStreak: 0 });
    deepEqual(healthAtStart(health).log.length, codes.length);
  });
});
