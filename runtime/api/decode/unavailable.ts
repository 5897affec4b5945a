/** What a container may be asked to have by the Engine API and this version cannot give: refused, never ignored. */
import { unsupported } from "../../../lib/errors.ts";

/** Fields of `HostConfig`, with the docker flag that sets them. */
const UNAVAILABLE: Readonly<Record<string, string>> = {
  DeviceRequests: "--gpus",
};

/** Runtimes by the names that stand for "the usual one". Which one that is, the engine chooses by the host. */
const USUAL_RUNTIMES: readonly string[] = ["runc", "crun", "io.containerd.runc.v2"];

/** @throws `unsupported` that names the field and its flag */
export function refuseUnavailable(hostConfig: Readonly<Record<string, unknown>>): void {
  refuseNamedDevices(hostConfig["DeviceRequests"]);
  for (const [field, flag] of Object.entries(UNAVAILABLE)) {
    if (isSet(hostConfig[field])) throw refusal(`${flag} (HostConfig.${field}) is not available in this version`);
  }
  const { Runtime: runtime, UsernsMode: users } = hostConfig;
  if (isSet(runtime) && !USUAL_RUNTIMES.includes(String(runtime))) {
    throw refusal(`unknown or invalid runtime name: ${String(runtime)}`);
  }
  if (isSet(users) && users !== "host") {
    throw refusal("--userns (HostConfig.UsernsMode) is not available in this version");
  }
}

/** `--device vendor.com/class=name` of Docker's clients. */
function refuseNamedDevices(requests: unknown): void {
  for (const { Driver, DeviceIDs } of Array.isArray(requests) ? (requests as readonly DeviceRequest[]) : []) {
    if (Driver !== "cdi") continue;
    throw refusal(`CDI devices are not available in this version: ${(DeviceIDs ?? []).join(", ")}`);
  }
}

interface DeviceRequest {
  readonly Driver?: string;
  readonly DeviceIDs?: readonly string[];
}

/** Clients send Go's zero values for what their user did not ask for. */
function isSet(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

const refusal = (message: string) =>
  unsupported(message, { code: "CTR_CREATE_OPTION_UNAVAILABLE", hint: "leave it out" });
