/** A container engine under measurement, alone in a private host. */
export interface Peer extends AsyncDisposable {
  readonly name: string;
  /** Arguments that follow the engine's client: `run --rm busybox true`. @throws unless it exits with 0 */
  run(argv: readonly string[]): Promise<void>;
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
