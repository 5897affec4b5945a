/**
 * The volumes of a container: those that it asks for, that its image declares, and that it takes over from others
 * (`--volumes-from`). They are decided at creation, as Docker does: a volume belongs to whoever was made with it.
 */
import { existsSync } from "node:fs";
import { type CtrError, invalid, systemFailure } from "../../lib/errors.ts";
import { userMounts, type VolumeWish, volumeWishes } from "../oci/index.ts";
import type { Container, ContainerConfig, ContainerVolume, HostConfig } from "../types.ts";
import { checkVolumeName, isEmptyVolume, VOLUME_DRIVER } from "../volume/index.ts";
import type { Parts } from "./parts.ts";
import type { ContainerRecords } from "./records.ts";

/** What is to be had; nothing of it is made yet. */
export interface VolumePlan {
  readonly wishes: readonly VolumeWish[];
  readonly inherited: readonly ContainerVolume[];
}

/**
 * What is asked for goes before what others have, and that before what the image declares.
 * @throws `invalid` for names and modes, `notFound` for a container to take volumes from
 */
export function planVolumes(records: ContainerRecords, config: ContainerConfig, hostConfig: HostConfig): VolumePlan {
  const asked = new Set(userMounts(hostConfig).map(({ destination }) => destination));
  const inherited = new Map<string, ContainerVolume>();
  for (const text of hostConfig.VolumesFrom ?? []) {
    for (const volume of volumesOfOther(records, text)) {
      if (!asked.has(volume.destination)) inherited.set(volume.destination, volume);
    }
  }
  const wishes = volumeWishes(config, hostConfig).filter(({ destination }) => !inherited.has(destination));
  for (const { name } of wishes) if (name !== undefined) checkVolumeName(name);
  return { wishes, inherited: [...inherited.values()] };
}

/**
 * Makes the volumes that are not there yet, and fills those that are empty with what the image has at their place.
 * @param undo takes back what was made
 * @param holds to be let go when the container is recorded
 * @throws `notFound` for another driver; `invalid` where the image has a file
 */
export async function takeVolumes(
  parts: Parts,
  { id, hostConfig }: Container,
  { wishes, inherited }: VolumePlan,
  undo: AsyncDisposableStack,
  holds: DisposableStack,
): Promise<readonly ContainerVolume[]> {
  const { volumes } = parts;
  for (const { name } of inherited) if (name !== undefined) holds.use(volumes.hold(name));
  const taken = wishes.map((wish) => {
    const driver = wish.driver || (wish.name === undefined ? "" : hostConfig.VolumeDriver);
    const { volume, created } = volumes.ensure({ ...wish, ...(driver ? { driver } : {}) });
    if (created) undo.defer(() => volumes.removeUnused([volume.name]));
    holds.use(volumes.hold(volume.name));
    return { wish, volume };
  });
  const empty = taken.filter(
    ({ wish, volume }) => !wish.noCopy && volume.source === volume.mountpoint && isEmptyVolume(volume.source),
  );
  if (empty.length > 0) {
    const rootfs = parts.snapshots.mount(id);
    try {
      for (const { wish, volume } of empty) await volumes.fill(volume, rootfs, wish.destination);
    } finally {
      parts.snapshots.unmount(id);
    }
  }
  const own = taken.map(
    ({ wish, volume }): ContainerVolume => ({
      name: volume.name,
      source: volume.source,
      destination: wish.destination,
      readOnly: wish.readOnly,
      mode: wish.mode,
      anonymous: wish.name === undefined,
    }),
  );
  return [...inherited, ...own];
}

/** Volumes without a name that came with the container. */
export const anonymousVolumes = ({ volumes = [] }: Container): string[] =>
  volumes.flatMap(({ name, anonymous }) => (anonymous && name !== undefined ? [name] : []));

/** @throws `system` for a volume whose directory was taken away */
export function checkSources(volumes: readonly ContainerVolume[]): readonly ContainerVolume[] {
  for (const { name, source, destination } of volumes) {
    if (existsSync(source)) continue;
    throw systemFailure(`failed to mount ${source} at ${destination}: no such file or directory`, {
      code: "CTR_VOLUME_SOURCE_MISSING",
      hint: name === undefined ? "make it again" : `the directory of volume ${name} is gone: make it again`,
    });
  }
  return volumes;
}

/** Ids of the containers that have a volume of that name. */
export const containersWithVolume = (records: ContainerRecords, name: string): string[] =>
  records
    .all()
    .flatMap(({ container: { id, volumes = [] } }) => (volumes.some((one) => one.name === name) ? [id] : []));

export function emitVolumes(
  { events }: Pick<Parts, "events">,
  action: "mount" | "unmount",
  container: Container,
): void {
  for (const { name, destination, readOnly } of container.volumes ?? []) {
    if (name === undefined) continue;
    const place = action === "unmount" ? {} : { destination, propagation: "", "read/write": String(!readOnly) };
    events.emit("volume", action, name, { container: container.id, driver: VOLUME_DRIVER, ...place });
  }
}

/** Its volumes and what of the host is mounted into it. */
function volumesOfOther(records: ContainerRecords, text: string): ContainerVolume[] {
  const [reference = "", mode = "rw", ...more] = text.split(":");
  if (reference === "" || more.length > 0) throw invalid(`invalid volumes-from specification: '${text}'`, CODE);
  if (!["rw", "ro", "z", "Z"].includes(mode)) throw invalid(`invalid mode: ${mode}`, CODE);
  const { container } = records.find(reference);
  const binds = userMounts(container.hostConfig).flatMap((mount): ContainerVolume[] => {
    if (mount.type !== "bind") return [];
    const { source, destination, readOnly, propagation } = mount;
    return [{ source, destination, readOnly, propagation, mode: "", anonymous: false }];
  });
  return [...binds, ...(container.volumes ?? [])].map((volume) => ({
    ...volume,
    mode: "",
    readOnly: volume.readOnly || mode === "ro",
  }));
}

const CODE: CtrError["code"] = "CTR_VOLUMES_FROM_INVALID";
