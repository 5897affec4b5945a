/** `--health-…` and `--no-healthcheck`. */
import type { HealthcheckConfig } from "../../../runtime/index.ts";
import { CliError, ExitCode } from "../errors.ts";
import type { ContainerValues } from "./request.ts";

const NANOSECONDS_A_MILLISECOND = 1e6;

/** The option that sets a field, and how many of the field's units one of the option's is. */
const FIELDS = {
  Interval: ["health-interval", NANOSECONDS_A_MILLISECOND],
  Timeout: ["health-timeout", NANOSECONDS_A_MILLISECOND],
  Retries: ["health-retries", 1],
  StartPeriod: ["health-start-period", NANOSECONDS_A_MILLISECOND],
  StartInterval: ["health-start-interval", NANOSECONDS_A_MILLISECOND],
} as const;

/** @returns undefined when nothing is asked for. @throws {CliError} with Docker's texts */
export function healthcheckOf(values: ContainerValues): HealthcheckConfig | undefined {
  const command = values["health-cmd"] || undefined;
  const numbers = Object.entries(FIELDS).flatMap(([field, [option, factor]]) => {
    const value = values[option] ?? 0;
    if (value < 0) throw failed(`--${option} cannot be negative`);
    return value === 0 ? [] : [[field, Math.round(value * factor)] as const];
  });
  const asked = command !== undefined || numbers.length > 0;
  if (values["no-healthcheck"]) {
    if (asked) throw failed("--no-healthcheck conflicts with --health-* options");
    return { Test: ["NONE"] };
  }
  if (!asked) return undefined;
  return { ...(command === undefined ? {} : { Test: ["CMD-SHELL", command] }), ...Object.fromEntries(numbers) };
}

const failed = (message: string): CliError => new CliError(message, ExitCode.notRun);
