/** Images, layers and the writable file systems of containers. */
export { applyChanges, type ConfigFields } from "./changes.ts";
export { choosePlatform, hostPlatform, platformString } from "./platform.ts";
export {
  familiarName,
  familiarString,
  parseReference,
  type Reference,
  withDefaultTag,
} from "./reference.ts";
export type { Credentials } from "./registry/authorization.ts";
export type { RemovedImage, RemoveOptions } from "./remove.ts";
export { imageMigrations } from "./schema.ts";
export {
  ImageService,
  type ImageServiceOptions,
  type ImportOptions,
  type PullOptions,
} from "./service.ts";
export { SnapshotService, type SnapshotServiceOptions, type SnapshotSizes } from "./snapshots.ts";
