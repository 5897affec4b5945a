/** From the options of `run` and `create` to the body of `POST /containers/create`. */
import type { ContainerCreateRequest, EndpointSettings, HostConfig } from "../../../runtime/index.ts";
import type { Values } from "../../flags/options.ts";
import { CliError, ExitCode } from "../errors.ts";
import { devicesOf, storageOptions } from "./devices.ts";
import { environmentOf, labelsOf, readText } from "./environment.ts";
import { healthcheckOf } from "./health.ts";
import { resourcesOf } from "./limit-request.ts";
import { splitVolumes } from "./mounts.ts";
import { endpointsConfig, networkMode } from "./networks.ts";
import type { CONTAINER_OPTIONS } from "./options.ts";
import { exposedPorts, portBindings, publishedPorts } from "./ports.ts";
import type { StreamName } from "./values.ts";

export type ContainerValues = Values<typeof CONTAINER_OPTIONS>;

export interface RequestParts {
  readonly values: ContainerValues;
  readonly image: string;
  readonly command: readonly string[];
  /** `run -d`: the client goes away after the start. */
  readonly detached: boolean;
}

/** @throws {CliError} for options that contradict each other, and for what their files hold */
export function createRequest(parts: RequestParts): ContainerCreateRequest {
  const { values, image, command } = parts;
  const published = publishedPorts(values.publish);
  const exposed = exposedPorts(values.expose, published);
  const endpoints = endpointsConfig(values);
  const { anonymous } = splitVolumes(values.volume);
  const labels = labelsOf(values["label-file"], values.label);
  return {
    ...streamConfig(parts),
    Image: image,
    Env: environmentOf(values["env-file"], values.env),
    ...(command.length === 0 ? {} : { Cmd: command }),
    ...given("Entrypoint", values.entrypoint === undefined ? undefined : [values.entrypoint]),
    ...given("Hostname", values.hostname),
    ...given("Domainname", values.domainname),
    ...given("User", values.user),
    ...given("WorkingDir", values.workdir),
    ...given("StopSignal", values["stop-signal"]),
    ...given("StopTimeout", values["stop-timeout"]),
    ...filled("Labels", labels),
    ...filled("ExposedPorts", exposed),
    ...filled("Volumes", Object.fromEntries(anonymous.map((path) => [path, {}]))),
    ...given("Healthcheck", healthcheckOf(values)),
    HostConfig: hostConfig(values, published),
    ...filledNetworking(endpoints),
  };
}

/** The streams a client attaches to: what `-a` names, else output, and input with `-i`; none when detached. */
export function attachedStreams({ values, detached }: RequestParts): ReadonlySet<StreamName> {
  if (values.attach.length > 0) return new Set(values.attach);
  if (detached) return new Set();
  return new Set<StreamName>(values.interactive ? ["stdin", "stdout", "stderr"] : ["stdout", "stderr"]);
}

function streamConfig(parts: RequestParts) {
  const { interactive, tty } = parts.values;
  const streams = attachedStreams(parts);
  return {
    AttachStdin: streams.has("stdin"),
    AttachStdout: streams.has("stdout"),
    AttachStderr: streams.has("stderr"),
    Tty: tty,
    OpenStdin: interactive,
    // When the client that attached goes away, so does the input.
    StdinOnce: interactive && streams.has("stdin"),
  };
}

function hostConfig(values: ContainerValues, published: ReturnType<typeof publishedPorts>): HostConfig {
  const { binds } = splitVolumes(values.volume);
  return {
    ...limits(values),
    ...security(values),
    ...filledList("Binds", binds),
    ...filledList("Mounts", values.mount),
    ...filledList("VolumesFrom", values["volumes-from"]),
    ...filled("Tmpfs", Object.fromEntries(values.tmpfs)),
    ...given("ContainerIDFile", values.cidfile),
    NetworkMode: networkMode(values),
    ...filled("PortBindings", portBindings(published)),
    PublishAllPorts: values["publish-all"],
    ...filledList("Dns", values.dns),
    ...filledList("DnsOptions", values["dns-option"]),
    ...filledList("DnsSearch", values["dns-search"]),
    ...filledList("ExtraHosts", values["add-host"]),
    ...filledList("Links", values.link),
    RestartPolicy: values.restart ?? { Name: "no", MaximumRetryCount: 0 },
    AutoRemove: values.rm,
    ...(values["log-driver"] === undefined && values["log-opt"].length === 0
      ? {}
      : { LogConfig: { Type: values["log-driver"] ?? "", Config: Object.fromEntries(values["log-opt"]) } }),
    ...(values.init ? { Init: true } : {}),
  };
}

const limits = (values: ContainerValues): HostConfig => ({
  ...resourcesOf(checkSwappiness(values)),
  ...filledList("Ulimits", values.ulimit),
  ...given("ShmSize", values["shm-size"]),
  ...given("NetworkRate", values["net-rate"]),
  ...given("CgroupParent", values["cgroup-parent"]),
  ...filledList("Devices", devicesOf(values.device)),
  ...filledList("DeviceCgroupRules", values["device-cgroup-rule"]),
  ...filled("StorageOpt", storageOptions(values["storage-opt"])),
});

/** The client's own words for it. */
function checkSwappiness(values: ContainerValues): ContainerValues {
  const { "memory-swappiness": swappiness } = values;
  if (typeof swappiness === "number" && (swappiness < -1 || swappiness > 100)) {
    throw failed(`invalid value: ${swappiness}. Valid memory swappiness range is 0-100`);
  }
  return values;
}

function security(values: ContainerValues): HostConfig {
  const { cgroupns } = values;
  if (cgroupns && cgroupns !== "host" && cgroupns !== "private") throw failed("--cgroupns: invalid CGROUP mode");
  const unconfined = values["security-opt"].includes("systempaths=unconfined");
  return {
    Privileged: values.privileged,
    ReadonlyRootfs: values["read-only"],
    ...filledList("GroupAdd", values["group-add"]),
    ...filledList("CapAdd", values["cap-add"]),
    ...filledList("CapDrop", values["cap-drop"]),
    ...filledList("SecurityOpt", securityOptions(values["security-opt"])),
    ...(unconfined ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
    ...filled("Sysctls", Object.fromEntries(values.sysctl)),
    ...given("PidMode", values.pid),
    ...given("UTSMode", values.uts),
    ...given("IpcMode", values.ipc),
    ...given("CgroupnsMode", cgroupns),
  };
}

/** A seccomp profile is a file of the user's: its content goes to the engine. */
function securityOptions(options: readonly string[]): string[] {
  return options
    .filter((option) => option !== "systempaths=unconfined")
    .map((option) => {
      const profile = /^seccomp[=:](.*)$/.exec(option)?.[1];
      if (profile === undefined || profile === "unconfined" || profile === "builtin") return option;
      const content = readText(profile);
      try {
        return `seccomp=${JSON.stringify(JSON.parse(content))}`;
      } catch {
        throw failed(`compacting json for seccomp profile (${profile}) failed: it is not JSON`);
      }
    });
}

const filledNetworking = (endpoints: Readonly<Record<string, EndpointSettings>>) =>
  Object.keys(endpoints).length === 0 ? {} : { NetworkingConfig: { EndpointsConfig: endpoints } };

const failed = (message: string): CliError => new CliError(message, ExitCode.notRun);

/** The field when there is a value: absent fields get the engine's defaults. */
function given<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };
}

function filled<K extends string, V extends object>(key: K, value: V): { readonly [P in K]?: V } {
  return given(key, Object.keys(value).length === 0 ? undefined : value);
}

function filledList<K extends string, V>(key: K, value: readonly V[]): { readonly [P in K]?: readonly V[] } {
  return given(key, value.length === 0 ? undefined : value);
}
