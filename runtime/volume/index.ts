/** Volumes: directories that outlive containers. */
export { isEmptyVolume } from "./populate.ts";
export { ANONYMOUS_LABEL, VOLUME_DRIVER, VolumeService, volumeMigrations } from "./service.ts";
export { checkVolumeName } from "./volume-name.ts";
