import type { PrivateHost } from "../../support/private-host.ts";

/** A container engine under measurement, alone in a private host. */
export interface Peer extends AsyncDisposable {
  readonly name: string;
  readonly host: PrivateHost;
  /** Socket of its Engine API; undefined where there is no daemon. */
  readonly socket?: string;
  /** Arguments that follow the engine's client: `run --rm busybox true`. @throws unless it exits with 0 */
  run(argv: readonly string[]): Promise<void>;
  /** The same. @returns what it printed */
  output(argv: readonly string[]): Promise<string>;
  /** Pids of the engine's own processes, for memory figures; none where there is no daemon. */
  engineProcesses(): Promise<readonly number[]>;
  /** Pids of what the engine keeps running per container (conmon, shim), the container's own processes left out. */
  monitorProcesses(): Promise<readonly number[]>;
}

/** Why a peer cannot be measured on this machine. */
export interface Absent {
  readonly name: string;
  readonly reason: string;
}
