/** The snapshot of a healthy engine, and changes of it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type IntendedContainer, type Snapshot, SnapshotView } from "../../../netns/index.ts";

const FIXTURE = join(import.meta.dirname, "../../fixtures/diagnosis/healthy.json");

export const healthySnapshot = (): Snapshot => JSON.parse(readFileSync(FIXTURE, "utf8")) as Snapshot;

export const healthyView = (): SnapshotView => new SnapshotView(healthySnapshot());

/** The same with one container changed. */
export function viewWith(
  name: string,
  change: (container: IntendedContainer) => Partial<IntendedContainer>,
): SnapshotView {
  const snapshot = healthySnapshot();
  const containers = snapshot.intent.containers.map((one) => (one.name === name ? { ...one, ...change(one) } : one));
  return new SnapshotView({ ...snapshot, intent: { ...snapshot.intent, containers } });
}

export const stopped = { running: false, namespace: undefined, pid: undefined } as const;
