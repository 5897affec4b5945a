/** Tries the limits of a container one by one, in throw-away containers that have the same. */
import { formatLimit, type LimitReading, rowOf } from "../../../cgroups/index.ts";
import { messageOf } from "../../../lib/errors.ts";
import { formatBinarySize } from "../../../lib/units/size.ts";
import { CliError, EngineError } from "../errors.ts";
import type { Resources } from "./resources.ts";
import type { LoadSession } from "./session.ts";
import { standardLimits } from "./standard-limits.ts";
import { TRIALS } from "./trials/index.ts";
import { tryShmSize, tryUlimit } from "./trials/read-back.ts";
import { type Measurement, notMeasurable } from "./trials/trial.ts";

/** One limit that was tried. */
export interface Outcome extends Measurement {
  /** The flag that sets it, without dashes. */
  readonly limit: string;
  readonly set: string;
}

export interface VerifyOptions {
  /** Seconds for each measurement of a rate. */
  readonly seconds: number;
  /** The one limit that is tried; all that are set by default. */
  readonly only?: string;
  /** Called as soon as it is known. */
  readonly tell: (outcome: Outcome) => void;
}

/**
 * Tells an outcome for each limit that is set.
 * @throws {EngineError} when the engine does not take these limits
 */
export async function verifyLimits(
  session: LoadSession,
  resources: Resources,
  { seconds, tell, only }: VerifyOptions,
): Promise<void> {
  const add = async (limit: string, set: string, attempt: () => Promise<Measurement>): Promise<void> => {
    if (only === undefined || only === limit) tell({ limit, set, ...(await measured(session, attempt)) });
  };
  for (const reading of await askedLimits(session, resources)) {
    const { limit, asked } = reading;
    const parts = { session, resources, reading, seconds };
    await add(rowOf(limit).flag.slice(2), asked === undefined ? "" : formatLimit(limit, asked), () =>
      TRIALS[limit](parts),
    );
  }
  for (const ulimit of resources.Ulimits ?? []) {
    await add(`ulimit ${ulimit.Name}`, `${ulimit.Soft}:${ulimit.Hard}`, () =>
      tryUlimit({ session, resources }, ulimit),
    );
  }
  const { ShmSize: shm = 0 } = resources;
  if (shm > 0 && shm !== DEFAULT_SHM) {
    await add("shm-size", formatBinarySize(shm), () => tryShmSize({ session, resources }, shm));
  }
}

/** Tries a usual value of each limit; what the engine refuses is an outcome with its words. */
export async function verifyHost(session: LoadSession, options: VerifyOptions): Promise<void> {
  for (const { limit, set, resources } of await standardLimits(session)) {
    // A memory limit brings others along: only the one that is meant is tried.
    const only = { ...options, only: limit };
    try {
      await verifyLimits(session, resources, only);
    } catch (error) {
      session.signal.throwIfAborted();
      if (!(error instanceof EngineError)) throw error;
      options.tell({ limit, set, ...notMeasurable(error.reason) });
    }
  }
}

const DEFAULT_SHM = 64 * 2 ** 20;

/** The limits in force in a container under these, those that somebody asked for. */
async function askedLimits(session: LoadSession, resources: Resources): Promise<LimitReading[]> {
  await using container = await session.start(resources, { purpose: "limits" });
  const { limits } = await container.sample();
  return limits.filter(({ asked }) => asked !== undefined);
}

/** A trial that cannot be made is an outcome, too; only Ctrl-C and a missing engine end the whole. */
async function measured(session: LoadSession, attempt: () => Promise<Measurement>): Promise<Measurement> {
  try {
    return await attempt();
  } catch (error) {
    session.signal.throwIfAborted();
    if (error instanceof CliError) throw error;
    return notMeasurable(error instanceof EngineError ? error.reason : messageOf(error));
  }
}
