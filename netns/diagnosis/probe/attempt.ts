/** One question to the far end, over a socket of its own. */
import type { Attempt } from "../types/index.ts";
import { type ReportedError, readReportedError } from "./error-queue.ts";
import type { ProbeSocket } from "./probe-socket.ts";

/** A question that can be asked: its socket has a port. Nothing has been sent. */
export interface Question extends Disposable {
  /** What tells its packets from others: its port, or the number of its echo. */
  readonly port: number;
  readonly socket: ProbeSocket;
  /** {@link PollFlag}s to wait for. */
  readonly awaits: number;
  /** Sends. @returns how it ended, when it ended at once */
  ask(): Ending | undefined;
  /** @returns how it ended; undefined while it goes on */
  look(): Ending | undefined;
  /** What is to be said when the time is over. */
  giveUp(): Ending;
}

export type Ending = Pick<Attempt, "outcome" | "errno" | "local" | "dataTaken" | "reportedBy">;

const UNREACHABLE: ReadonlySet<string> = new Set(["ENETUNREACH", "EHOSTUNREACH", "EHOSTDOWN", "ENETDOWN", "ENONET"]);

/** @param errno as the program would get it */
export function endingOf(errno: string, socket: ProbeSocket, local: Attempt["local"]): Ending {
  const report = lastReport(socket);
  return { outcome: outcomeOf(errno), errno, local, dataTaken: undefined, reportedBy: report?.reportedBy };
}

export const silence = (local: Attempt["local"], dataTaken?: boolean): Ending => ({
  outcome: "silence",
  errno: undefined,
  local,
  dataTaken,
  reportedBy: undefined,
});

function outcomeOf(errno: string): Attempt["outcome"] {
  if (errno === "ECONNREFUSED") return "refused";
  if (errno === "ETIMEDOUT") return "silence";
  return UNREACHABLE.has(errno) ? "unreachable" : "error";
}

function lastReport(socket: ProbeSocket): ReportedError | undefined {
  let last: ReportedError | undefined;
  for (let report = readReportedError(socket.fd); report !== undefined; report = readReportedError(socket.fd)) {
    last = report;
  }
  return last;
}
