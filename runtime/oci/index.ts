/** OCI bundles and the runtimes that run them: from a container to `config.json`, and from a runtime's error to Docker's. */
export { type BundleInput, buildSpec, composeSpec, type StartFacts } from "./build-spec.ts";
export { writeBundle } from "./bundle.ts";
export { checkContainer } from "./check.ts";
export { detectOciHost, type OciHost, READONLY_PATHS } from "./host.ts";
export type { VolumeMount } from "./mounts.ts";
export { buildExecProcess, buildProcess, type ExecInput, type ExecRequest, type ProcessInput } from "./process.ts";
export { checkRlimitsReachable, rlimitsOf } from "./rlimits.ts";
export { openInRoot } from "./root-files.ts";
export { chooseRuntime, type OciRuntime } from "./runtime.ts";
export { exitCodeOfFailure, mapRuntimeError, RuntimeError } from "./runtime-error.ts";
export type { OciProcess, OciSpec } from "./spec.ts";
export { type ResolvedUser, resolveUser } from "./user.ts";
export { type UserMount, userMounts, type VolumeWish, volumeWishes } from "./user-mounts.ts";
