/** Tries the limits of a container one by one, in throw-away containers that have the same. */
import { formatLimit, LIMIT_ROWS, type LimitReading, rowOf } from "../../../cgroups/index.ts";
import { messageOf } from "../../../lib/errors.ts";
import { formatBinarySize } from "../../../lib/units/size.ts";
import type { NetworkRate } from "../../../runtime/index.ts";
import { CliError, EngineError } from "../errors.ts";
import type { Resources } from "./resources.ts";
import type { LoadSession } from "./session.ts";
import { standardLimits } from "./standard-limits.ts";
import { TRIALS } from "./trials/index.ts";
import { tryNetworkRate } from "./trials/network-rate.ts";
import { tryShmSize, tryUlimit } from "./trials/read-back.ts";
import { type Measurement, notMeasurable } from "./trials/trial.ts";
import { tryUpdate, UPDATE_WORDS } from "./trials/update.ts";

/** One limit that was tried. */
export interface Outcome extends Measurement {
  /** The flag that sets it, without dashes. */
  readonly limit: string;
  readonly set: string;
}

export interface VerifyOptions {
  /** Seconds for each measurement of a rate. */
  readonly seconds: number;
  /** The limits that are tried, of {@link TRIAL_NAMES}; all that are set by default. */
  readonly only?: ReadonlySet<string> | undefined;
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
    if (isWanted(limit, only)) tell({ limit, set, ...(await measured(session, attempt)) });
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
  const { NetworkRate: rates } = resources;
  if ((rates?.Egress ?? 0) > 0 || (rates?.Ingress ?? 0) > 0) {
    await add("net-rate", netRateText(rates ?? {}), () => tryNetworkRate({ session, seconds }, rates ?? {}));
  }
}

/** `ulimit nofile` goes by the name `ulimit`. */
const isWanted = (limit: string, only: VerifyOptions["only"]): boolean =>
  only === undefined || only.has(limit.split(" ", 1)[0] ?? limit);

/** What `only` may name. */
export const TRIAL_NAMES: readonly string[] = [
  ...LIMIT_ROWS.map(({ flag }) => flag.slice(2)),
  ...["ulimit", "shm-size", "net-rate", "update"],
];

/** Tries a usual value of each limit; what the engine refuses is an outcome with its words. */
export async function verifyHost(session: LoadSession, options: VerifyOptions): Promise<void> {
  const { tell, only } = options;
  const limits = (await standardLimits(session)).filter(({ limit }) => isWanted(limit, only));
  for (const { limit, set, resources } of limits) {
    try {
      // A memory limit brings others along: only the one that is meant is tried.
      await verifyLimits(session, resources, { ...options, only: new Set([limit.split(" ", 1)[0] ?? limit]) });
    } catch (error) {
      session.signal.throwIfAborted();
      if (!(error instanceof EngineError)) throw error;
      tell({ limit, set, ...notMeasurable(error.reason) });
    }
  }
  if (!isWanted("update", only)) return;
  tell({ limit: "update", set: UPDATE_WORDS, ...(await measured(session, () => tryUpdate(session))) });
}

const netRateText = ({ Egress: out, Ingress: into }: NetworkRate): string =>
  [out ? `${out / 1e6}mbit out` : "", into ? `${into / 1e6}mbit in` : ""].filter((part) => part !== "").join(", ");

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
