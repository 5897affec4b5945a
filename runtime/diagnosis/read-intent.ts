/** What the engine wants the kernel to be, from its store: whether the engine runs, was killed, or has ended. */
import { join } from "node:path";
import { Store } from "../../lib/store.ts";
import { isAlive } from "../../lib/system/process.ts";
import {
  HOST,
  type IntendedContainer,
  type Intent,
  type NotRead,
  networkMigrations,
  type PortBinding,
  readStoredNetworks,
  type StoredNetworks,
  type StoredSandbox,
} from "../../netns/index.ts";
import { portBindingsOf } from "../container/ports.ts";
import { type ContainerRecord, ContainerRecords, containerMigrations } from "../container/records.ts";
import { sandboxIdOf } from "../container/shared-network.ts";
import type { Container } from "../types.ts";
import { intendedSettings, readLeftSettings } from "./settings.ts";

export interface ReadIntent {
  readonly intent: Intent;
  /** Files of the network namespaces in use, by the id of the container that owns each. */
  readonly namespacePaths: ReadonlyMap<string, string>;
  /** Groups that the containers' own are in, see {@link ProgramsOptions}. */
  readonly cgroupParents: ReadonlyMap<string, string>;
  readonly notRead: readonly NotRead[];
}

export interface Roots {
  readonly dataRoot: string;
  readonly execRoot: string;
}

/**
 * Reads the store without changing it.
 * @throws `CTR_STORE_MISSING` when no engine has run here; `CTR_STORE_TOO_NEW`, `CTR_STORE_TOO_OLD` for that of another version
 */
export function readIntent({ dataRoot, execRoot }: Roots): ReadIntent {
  using store = Store.openForReading(join(dataRoot, "ctr.db"), [networkMigrations, containerMigrations]);
  const settings = readLeftSettings(execRoot);
  const notRead: NotRead[] = [];
  if (settings === undefined) {
    const why = "no engine has started here since the machine did: the defaults are taken";
    notRead.push({ what: "the engine's settings", why });
  }
  // One transaction: everything is of one moment, whatever the engine does meanwhile.
  return store.transaction(() => {
    const stored = readStoredNetworks(store);
    const records = new ContainerRecords(store);
    const sandboxes = new Map(stored.sandboxes.map((sandbox) => [sandbox.containerId, sandbox]));
    const all = records.all();
    const containers = all.map((record) => containerOf(record, records, stored, sandboxes));
    const { networks, grants } = stored;
    return {
      intent: { networks, grants, containers, settings: settings ?? intendedSettings({}) },
      namespacePaths: pathsInUse(containers, sandboxes),
      cgroupParents: new Map(
        all.flatMap(({ container: { id, cgroupParent } }) => (cgroupParent === undefined ? [] : [[id, cgroupParent]])),
      ),
      notRead,
    };
  });
}

function containerOf(
  record: ContainerRecord,
  records: ContainerRecords,
  stored: StoredNetworks,
  sandboxes: ReadonlyMap<string, StoredSandbox>,
): IntendedContainer {
  const { container, init } = record;
  const { id, name, status, hostConfig, config } = container;
  const isOn = status === "running" || status === "paused";
  const running = isOn && init !== undefined && isAlive(init);
  const owner = sandboxes.get(sandboxIdOf(records, container));
  return {
    id,
    name,
    running,
    paused: running && status === "paused",
    networkMode: hostConfig.NetworkMode ?? "bridge",
    namespace: running && owner !== undefined ? namespaceOf(owner) : undefined,
    pid: running ? init.pid : undefined,
    endpoints: stored.endpointsOf(id),
    ports: sandboxes.get(id)?.ports ?? [],
    ...(running ? {} : { bindings: bindingsOf(container) }),
    exposed: Object.keys(config.ExposedPorts ?? {}),
    dns: owner?.dns ?? {},
  };
}

/** Some were made before their ports were judged as they are today. */
function bindingsOf({ config, hostConfig }: Container): PortBinding[] {
  try {
    return portBindingsOf(config, hostConfig);
  } catch {
    return [];
  }
}

const namespaceOf = ({ namespacePath, containerId }: StoredSandbox): string =>
  namespacePath === undefined ? HOST : containerId;

function pathsInUse(
  containers: readonly IntendedContainer[],
  sandboxes: ReadonlyMap<string, StoredSandbox>,
): Map<string, string> {
  const inUse = new Set(containers.map(({ namespace }) => namespace));
  return new Map(
    [...sandboxes].flatMap(([id, { namespacePath }]): [string, string][] =>
      namespacePath !== undefined && inUse.has(id) ? [[id, namespacePath]] : [],
    ),
  );
}
