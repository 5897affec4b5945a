/**
 * Starting a container: everything it needs is made, its processes are created, its clients connected, and only then
 * its program runs. Each thing made has its undo; a failure leaves nothing of it.
 */
import { mkdirSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { type Cgroups, limitRunning, limitWaiting, startingLimits } from "../../cgroups/index.ts";
import { CtrError, messageOf, prefixed } from "../../lib/errors.ts";
import { removeTree } from "../../lib/remove-tree.ts";
import type { PortBinding, PublishedPort, Sandbox } from "../../netns/index.ts";
import { groupNameOf } from "../limits/index.ts";
import type { MonitoredProcess } from "../monitor/index.ts";
import { buildSpec, exitCodeOfFailure, writeBundle } from "../oci/index.ts";
import type { Container } from "../types.ts";
import { joinAwaited } from "./awaited-networks.ts";
import { emitContainer, emitNetworks, NEVER, now } from "./describe.ts";
import { endProcesses } from "./finish.ts";
import { askedGroupsOf, limitsOf, oomScoreOf } from "./limits.ts";
import { closeLinks, openLinks } from "./link-grants.ts";
import { linkVariables } from "./link-variables.ts";
import type { LinkedContainer } from "./links.ts";
import { linkedTo, renewLinks } from "./live-names.ts";
import { dnsOf, type NetworkFiles, networkFilesOf, writeNetworkFiles } from "./network-files.ts";
import { startNetworkRate } from "./network-rate.ts";
import type { Parts } from "./parts.ts";
import { portBindingsOf } from "./ports.ts";
import type { ContainerRecord } from "./records.ts";
import { joinersOf, networkOwner, sandboxIdOf } from "./shared-network.ts";
import { joinUlimits } from "./ulimits.ts";
import { checkSources, emitVolumes } from "./volumes.ts";

/** Docker's code for «could not be started, reason unknown to the shell». */
const NOT_STARTED = 128;

export interface StartOptions {
  /** A restart by the restart policy keeps its count. */
  readonly restartCount: number;
  readonly restartDelay: number;
}

/**
 * @throws the reason. The container is then `created` (or `exited`, when it had run before) with the reason as its
 * error text, and the exit code 126, 127, that of its former run, or 128, as Docker's.
 */
export async function startContainer(parts: Parts, record: ContainerRecord, options: StartOptions): Promise<void> {
  const { container } = record;
  try {
    await runSteps(parts, container, options);
  } catch (error) {
    parts.records.update(
      container.id,
      {
        status: container.startedAt === NEVER ? "created" : "exited",
        startedAt: container.startedAt,
        pid: 0,
        ports: [],
        // What a former run ended with stays, as in Docker.
        exitCode: exitCodeOfFailure(error) ?? (container.exitCode || NOT_STARTED),
        error: messageOf(error),
      },
      { init: undefined, conmon: undefined },
    );
    parts.monitor.release(container.id);
    if (!(error instanceof CtrError))
      parts.logger.error("A container could not be started.", { id: container.id, error });
    throw error;
  }
}

async function runSteps(parts: Parts, asked: Container, options: StartOptions): Promise<void> {
  const { id } = asked;
  const { monitor, records, step } = parts;
  const container = namedAsOwner(parts, asked);
  await using undo = new AsyncDisposableStack();
  step("start:begun", id);
  const { cgroups, ports, lastVictim, processes } = await makeProcesses(parts, container, undo);
  // The runtime's own first process needs more than some containers may have, so the last limits come only now.
  const limits = limitsOf(container.hostConfig);
  const isLimited = limitWaiting(cgroups, id, limits);
  step("start:created", id);
  // Recorded before it runs: a crash right after the start must find it as running. A crash before the start is told
  // by the runtime's state, and undone.
  const started = records.update(
    id,
    {
      status: "running",
      pid: processes.init.pid,
      ports,
      startedAt: now(),
      exitCode: 0,
      error: "",
      oomKilled: false,
      restartCount: options.restartCount,
      cgroupParent: cgroups.parent,
    },
    {
      ...processes,
      lastVictim,
      ending: undefined,
      stoppedByUser: false,
      restartDelay: options.restartDelay,
      before: { status: container.status, startedAt: container.startedAt },
    },
  );
  step("start:recorded", id);
  await monitor.start(id, processes.init);
  step("start:started", id);
  if (!isLimited && !(await limitRunning(cgroups, id, limits)))
    parts.logger.warn("A container was killed: its program took more than its memory limit as it began.", { id });
  undo.move();
  if (ports.length > 0) completePorts(parts, id);
  renewLinks(parts, started.container);
  emitNetworks(parts, "connect", id);
  emitVolumes(parts, "mount", started.container);
  emitContainer(parts, "start", started.container);
}

/** Who shares another container's network has its names, too. @throws Docker's texts when that one does not run */
function namedAsOwner({ records }: Parts, container: Container): Container {
  const owner = networkOwner(records, container);
  if (owner.id === container.id) return container;
  const { Hostname = "", Domainname = "" } = owner.config;
  return records.update(container.id, { config: { ...container.config, Hostname, Domainname } }).container;
}

interface Made extends Pick<Prepared, "cgroups" | "lastVictim"> {
  /** In force. */
  readonly ports: readonly PublishedPort[];
  readonly processes: MonitoredProcess;
}

/** conmon needs a while until it is ready to make the container: what the container needs is made meanwhile. */
async function makeProcesses(parts: Parts, container: Container, undo: AsyncDisposableStack): Promise<Made> {
  const { id, name, config, logPath } = container;
  const bundle = parts.paths.bundle(id);
  mkdirSync(bundle, { recursive: true, mode: 0o700 });
  undo.defer(() => removeTree(bundle));
  let prepared: Prepared | undefined;
  let processes: MonitoredProcess | undefined;
  let opening: Promise<readonly PublishedPort[]> | undefined;
  const prepareAll = async (): Promise<void> => {
    prepared = await prepare(parts, container, undo);
    await fillBundle(parts, container, prepared);
    // The last to be made is the first to be undone.
    undo.defer(() => endProcesses(parts, container, processes));
    parts.step("start:bundle", id);
    opening = openPorts(parts, container, prepared);
  };
  const options = {
    id,
    name,
    bundle,
    logPath: logPath === "" ? undefined : logPath,
    tty: config.Tty ?? false,
    stdin: config.OpenStdin ?? false,
    stdinOnce: config.StdinOnce ?? false,
  };
  processes = await parts.monitor.create(options, prepareAll).catch(async (error: unknown) => {
    // A port that is taken is told of first, as by Docker, which takes the ports before it makes the container.
    await opening;
    throw error;
  });
  if (prepared === undefined || opening === undefined)
    throw new TypeError("a container was created before its sandbox");
  const { cgroups, lastVictim } = prepared;
  return { cgroups, ports: await opening, lastVictim, processes };
}

interface Prepared {
  /** Among which the container's group is. */
  readonly cgroups: Cgroups;
  readonly sandbox: Sandbox;
  /** To be published in the sandbox. */
  readonly bindings: readonly PortBinding[];
  readonly rootfs: string;
  readonly files: NetworkFiles;
  readonly linked: readonly LinkedContainer[];
  /** Those whom the kernel kills from now on are of this run. */
  readonly lastVictim: number;
}

/** What does not depend on each other: limits, root file system, network, files. */
async function prepare(parts: Parts, container: Container, undo: AsyncDisposableStack): Promise<Prepared> {
  const { id } = container;
  const { snapshots, watch, step } = parts;
  const isOwner = sandboxIdOf(parts.records, container) === id;
  const bindings = isOwner ? portBindingsOf(container.config, container.hostConfig) : [];
  // The network waits for nothing but itself, so it is begun first and the rest is done meanwhile.
  const networking = joinNetwork(parts, container, bindings, undo);
  networking.catch(() => {});
  const cgroups = makeGroup(parts, container, undo);
  const lastVictim = watch.begin(cgroups, id);
  undo.defer(() => watch.remove(cgroups, id));
  step("start:cgroup", id);
  undo.defer(() => snapshots.unmount(id));
  const rootfs = snapshots.mount(id);
  step("start:rootfs", id);
  const linked = linkedTo(parts, container);
  const files = isOwner ? writeNetworkFiles(parts, container, linked) : networkFilesOf(parts, container);
  const sandbox = await networking;
  await startNetworkRate(parts, container);
  openLinks(parts, container, linked);
  undo.defer(() => closeLinks(parts, id));
  step("start:network", id);
  return { cgroups, sandbox, bindings, rootfs, files, linked, lastVictim };
}

/** The container's group, below the one that it asks for, with its limits. */
function makeGroup(parts: Parts, { id, hostConfig }: Container, undo: AsyncDisposableStack): Cgroups {
  const cgroups = askedGroupsOf(parts, hostConfig);
  const above = groupNameOf(parts.cgroups, cgroups);
  parts.groups.ensure(above);
  if (above !== undefined) undo.defer(() => parts.groups.release(above));
  cgroups.create(id, startingLimits(limitsOf(hostConfig)));
  undo.defer(() => cgroups.remove(id));
  return cgroups;
}

/** Its own sandbox, or the one of the container that it shares the network with. */
async function joinNetwork(
  parts: Parts,
  container: Container,
  bindings: readonly PortBinding[],
  undo: AsyncDisposableStack,
): Promise<Sandbox> {
  const { network, records } = parts;
  const { id } = container;
  const owner = networkOwner(records, container);
  if (owner.id !== id)
    return { containerId: id, endpoints: [], ports: [], ...namespaceOf(network.sandboxOf(owner.id)) };
  const networking = setUpNetwork(parts, container, bindings).catch(networkFailed);
  undo.defer(() =>
    networking.then(
      () => network.tearDown(id, { keep: joinersOf(records, id).length > 0 }),
      () => {},
    ),
  );
  return networking;
}

async function setUpNetwork(parts: Parts, container: Container, bindings: readonly PortBinding[]): Promise<Sandbox> {
  joinAwaited(parts, container);
  const options = { dns: dnsOf(container.hostConfig, parts), portsLater: true };
  return parts.network.setUp(container.id, bindings, options);
}

/**
 * Hundreds of ports take milliseconds to be held and led into the sandbox, and nobody can be there to answer before the
 * program runs: that is done while the runtime makes its processes.
 * @returns the ports in force, which the program waits for
 */
function openPorts({ network }: Parts, { id }: Container, { bindings }: Prepared): Promise<readonly PublishedPort[]> {
  if (bindings.length === 0) return Promise.resolve([]);
  // The runtime is told to begin when what it needs is there, which is what has just come about.
  const opening = setImmediate().then(() => network.openPorts(id).catch(networkFailed));
  // Who makes the processes waits for it, unless that has failed before.
  opening.catch(() => {});
  return opening;
}

function networkFailed(error: unknown): never {
  throw prefixed("failed to set up container networking", error);
}

/** Nobody waits for it. The lock of the network's own keeps later changes of the ports behind it. */
function completePorts({ network, logger }: Parts, id: string): void {
  setImmediate()
    .then(() => network.completePorts(id))
    .catch((error: unknown) => {
      logger.error("Proxies of published ports cannot be started.", { container: id, error: messageOf(error) });
    });
}

const namespaceOf = (sandbox: Sandbox | undefined): Pick<Sandbox, "namespacePath"> =>
  sandbox?.namespacePath === undefined ? {} : { namespacePath: sandbox.namespacePath };

async function fillBundle(parts: Parts, container: Container, prepared: Prepared): Promise<void> {
  const { cgroups, sandbox, rootfs, files, linked } = prepared;
  const { id, config, hostConfig } = container;
  const spec = buildSpec(
    {
      container: {
        ...container,
        hostConfig: { ...hostConfig, Ulimits: joinUlimits(parts.defaults.ulimits, hostConfig.Ulimits ?? []) },
        config: { ...config, Env: [...linkVariables(container, linked), ...(config.Env ?? [])] },
      },
      rootfs,
      ...files,
      volumes: checkSources(container.volumes ?? []),
      cgroupsPath: cgroups.pathOf(id),
      ...(sandbox.namespacePath === undefined ? {} : { networkNamespace: sandbox.namespacePath }),
      oomScoreAdj: oomScoreOf(hostConfig, parts.cgroups.host),
    },
    parts.host,
  );
  await writeBundle(parts.paths.bundle(id), spec);
}
