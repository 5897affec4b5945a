/** Creating a container: everything is judged first, then recorded in one transaction, and only then files are made. */
import { mkdirSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { notFound } from "../../lib/errors.ts";
import { generateId } from "../../lib/ids.ts";
import { checkName, randomName } from "../../lib/names.ts";
import { choosePlatform, hostPlatform, platformString } from "../image/index.ts";
import { checkContainer, type OciHost, READONLY_PATHS } from "../oci/index.ts";
import type { Container, ContainerCreateRequest, HostConfig, Image, Platform } from "../types.ts";
import { isAwaited, presentNetwork } from "./awaited-networks.ts";
import { emitContainer, NEVER, now } from "./describe.ts";
import { endpointRequests, inConfigOf } from "./endpoints.ts";
import { askedGroupsOf, checkHostLimits } from "./limits.ts";
import { linksOf } from "./links.ts";
import { checkNetworkFiles } from "./network-files.ts";
import { checkNetworkMode } from "./network-mode.ts";
import { checkNetworkRate } from "./network-rate.ts";
import type { Parts } from "./parts.ts";
import { portWarnings } from "./port-warnings.ts";
import { portBindingsOf } from "./ports.ts";
import type { ContainerRecords } from "./records.ts";
import { argumentVector, containerConfig, type HostDefaults, hostConfigOf } from "./request.ts";
import { withTargetId } from "./shared-network.ts";
import { planVolumes, takeVolumes, type VolumePlan } from "./volumes.ts";

/** How often a name of our own making is tried before the digits make it almost surely free. */
const NAME_ATTEMPTS = 6;

export interface CreateOptions {
  /** One is made up when absent. */
  readonly name?: string;
  /** That the image must have; any will do when absent. */
  readonly platform?: Platform;
}

export interface CreateResult {
  readonly id: string;
  readonly warnings: readonly string[];
}

/**
 * @throws `invalid` for what is wrong in the request, `notFound` for an unknown image, `conflict` for a name
 * in use; nothing has changed then
 */
export async function createContainer(
  parts: Parts,
  request: ContainerCreateRequest,
  { name: givenName, platform }: CreateOptions,
): Promise<CreateResult> {
  const { records, images, snapshots, network, paths, step } = parts;
  const name = givenName === undefined ? freeName(records) : checkName(givenName);
  records.checkNameIsFree(name);
  using _promised = givenName === undefined ? records.promiseName(name) : undefined;
  const image = images.find(request.Image ?? "");
  const foreign = checkPlatform(request.Image ?? "", image, platform);
  const { container: judged, plan, warnings } = judge(parts, request, image, name);
  const nameOf = (reference: string) => presentNetwork(network, reference)?.name ?? reference;
  const wanted = endpointRequests(judged, request, nameOf);
  const endpoints = wanted.filter((endpoint) => !isAwaited(network, endpoint));
  const awaitedNetworks = wanted.filter((endpoint) => isAwaited(network, endpoint));
  const networks = endpoints.map((endpoint) => network.findNetwork(endpoint.network));
  const { id } = judged;
  await using undo = new AsyncDisposableStack();
  // The directory first and the record last: a directory without a record is a creation that a crash cut short.
  mkdirSync(paths.directory(id), { recursive: true, mode: 0o710 });
  undo.defer(() => rmSync(paths.directory(id), { recursive: true, force: true }));
  step("create:files", id);
  snapshots.create(id, image.id, judged.hostConfig.StorageOpt ?? {});
  undo.defer(() => snapshots.remove(id));
  step("create:snapshot", id);
  // Let go before anything is undone: what nobody holds can be removed.
  using holds = new DisposableStack();
  const volumes = await takeVolumes(parts, judged, plan, undo, holds);
  const container = {
    ...judged,
    ...(volumes.length === 0 ? {} : { volumes }),
    ...(awaitedNetworks.length === 0 ? {} : { awaitedNetworks }),
  };
  step("create:volumes", id);
  records.insert({ container, stoppedByUser: false, restartDelay: 0 }, () => {
    for (const endpoint of endpoints) inConfigOf(endpoint.network, () => network.reserveEndpoint(endpoint));
  });
  undo.move();
  emitContainer(parts, "create", container);
  return { id, warnings: [...foreign, ...warnings, ...portWarnings(container, networks)] };
}

/**
 * @param wanted the host's when absent
 * @returns warnings
 * @throws `notFound` with Docker's text: clients then pull the image for that platform
 */
function checkPlatform(reference: string, { platform }: Image, wanted: Platform | undefined): string[] {
  const host = hostPlatform();
  if (choosePlatform([{ platform }], wanted ?? host) !== undefined) return [];
  if (wanted === undefined) {
    return [
      `The requested image's platform (${platformString(platform)}) does not match the detected host platform (${platformString(host)}) and no specific platform was requested`,
    ];
  }
  throw notFound(
    `image with reference ${reference} was found but its platform (${platformString(platform)}) does not match the specified platform (${platformString(wanted)})`,
    "CTR_IMAGE_NOT_FOUND",
  );
}

function judge(
  parts: Parts,
  request: ContainerCreateRequest,
  image: Image,
  name: string,
): { container: Container; plan: VolumePlan; warnings: readonly string[] } {
  const id = generateId();
  const { cgroups, paths, host, records } = parts;
  checkNetworkMode(request, request.HostConfig ?? {});
  const config = containerConfig(request, image.config, id, hostname());
  const asked = hostConfigOf(request.HostConfig ?? {}, defaultsOf(parts));
  const adapted = { ...asked, NetworkMode: withTargetId(records, asked.NetworkMode ?? "bridge") };
  const { hostConfig: limited, warnings } = checkHostLimits(adapted, cgroups.host);
  const hostConfig = withPaths(limited, host);
  askedGroupsOf(parts, hostConfig);
  checkNetworkRate(hostConfig);
  portBindingsOf(config, hostConfig);
  const links = linksOf(records, { hostConfig });
  checkNetworkFiles(parts, { config, hostConfig });
  const plan = planVolumes(records, config, hostConfig);
  const { warnings: lacks } = checkContainer(config, hostConfig, host);
  const [path, ...args] = argumentVector(config);
  const container: Container = {
    id,
    name,
    imageId: image.id,
    imageName: request.Image ?? image.id,
    config,
    hostConfig,
    path,
    args,
    created: now(),
    status: "created",
    pid: 0,
    exitCode: 0,
    error: "",
    oomKilled: false,
    startedAt: NEVER,
    finishedAt: NEVER,
    restartCount: 0,
    ports: [],
    ...(links.length === 0 ? {} : { links }),
    logPath: hostConfig.LogConfig?.Type === "none" ? "" : paths.log(id),
  };
  return { container, plan, warnings: [...warnings, ...lacks] };
}

/** Docker gives containers a cgroup namespace of their own on hosts with cgroup v2 alone. */
function defaultsOf({ networkConfig, defaults, cgroups }: Parts): HostDefaults {
  const { cgroupnsMode = cgroups.host.mode === "unified" ? "private" : "host", shmSize } = defaults;
  return { network: networkConfig.bridge === "none" ? "none" : "bridge", cgroupnsMode, shmSize };
}

/** Docker fills in which paths are hidden from the container, so that `inspect` tells. */
function withPaths(asked: HostConfig, host: OciHost): HostConfig {
  const { Privileged = false, MaskedPaths, ReadonlyPaths } = asked;
  if (Privileged) return asked;
  return {
    ...asked,
    MaskedPaths: MaskedPaths ?? host.maskedPaths,
    ReadonlyPaths: ReadonlyPaths ?? READONLY_PATHS,
  };
}

function freeName(records: ContainerRecords): string {
  for (let attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
    const name = randomName(attempt);
    if (!records.hasName(name)) return name;
  }
  return `${randomName(1)}_${generateId().slice(0, 8)}`;
}
