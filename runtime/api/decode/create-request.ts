/** Decodes the body of `POST /containers/create`. */
import { invalid } from "../../../lib/errors.ts";
import type { ContainerCreateRequest } from "../../types.ts";
import { ENDPOINT_SETTINGS } from "./endpoint-settings.ts";
import { PORT_BINDINGS } from "./net-request.ts";
import { NETWORK_RATE, RESOURCES, RESTART_POLICY, ULIMITS } from "./resources.ts";
import { type Check, flag, integer, list, mapOf, marker, orNull, record, text, words } from "./shape.ts";
import { refuseUnavailable } from "./unavailable.ts";

const HEALTHCHECK = record({
  Test: list(text),
  Interval: integer,
  Timeout: integer,
  StartPeriod: integer,
  StartInterval: integer,
  Retries: integer,
});

const MOUNT = record({
  Type: text,
  Source: text,
  Target: text,
  ReadOnly: flag,
  BindOptions: record({
    Propagation: text,
    CreateMountpoint: flag,
    NonRecursive: flag,
    ReadOnlyNonRecursive: flag,
    ReadOnlyForceRecursive: flag,
  }),
  VolumeOptions: record({
    NoCopy: flag,
    Labels: mapOf(text),
    DriverConfig: record({ Name: text, Options: mapOf(text) }),
    Subpath: text,
  }),
  TmpfsOptions: record({ SizeBytes: integer, Mode: integer }),
});

const HOST_CONFIG = record({
  Binds: list(text),
  ContainerIDFile: text,
  NetworkMode: text,
  PortBindings: PORT_BINDINGS,
  PublishAllPorts: flag,
  RestartPolicy: RESTART_POLICY,
  AutoRemove: flag,
  CapAdd: words,
  CapDrop: words,
  Dns: list(text),
  DnsOptions: list(text),
  DnsSearch: list(text),
  ExtraHosts: list(text),
  Links: list(text),
  PidMode: text,
  IpcMode: text,
  UTSMode: text,
  CgroupnsMode: text,
  Privileged: flag,
  ReadonlyRootfs: flag,
  SecurityOpt: list(text),
  Tmpfs: mapOf(text),
  Sysctls: mapOf(text),
  ShmSize: integer,
  Init: flag,
  ConsoleSize: list(integer),
  Ulimits: ULIMITS,
  MaskedPaths: list(text),
  ReadonlyPaths: list(text),
  LogConfig: record({ Type: text, Config: mapOf(text) }),
  Mounts: list(MOUNT),
  VolumesFrom: list(text),
  VolumeDriver: text,
  ...RESOURCES,
  CgroupParent: text,
  Devices: list(record({ PathOnHost: text, PathInContainer: text, CgroupPermissions: text })),
  DeviceCgroupRules: list(text),
  GroupAdd: list(text),
  Annotations: mapOf(text),
  StorageOpt: mapOf(text),
  KernelMemory: integer,
  NetworkRate: NETWORK_RATE,
});

const CREATE_REQUEST: Check = record({
  Hostname: text,
  Domainname: text,
  User: text,
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  Tty: flag,
  OpenStdin: flag,
  StdinOnce: flag,
  Env: list(text),
  Cmd: words,
  Entrypoint: words,
  Image: text,
  WorkingDir: text,
  ExposedPorts: mapOf(marker),
  Volumes: mapOf(marker),
  Labels: mapOf(text),
  StopSignal: text,
  StopTimeout: integer,
  Healthcheck: HEALTHCHECK,
  Shell: words,
  MacAddress: text,
  HostConfig: HOST_CONFIG,
  NetworkingConfig: record({ EndpointsConfig: mapOf(orNull(ENDPOINT_SETTINGS)) }),
});

/** Minor number of the first API version in which a container may come with several networks. */
const SEVERAL_NETWORKS_SINCE = 44;

/**
 * @param version minor number of the API version
 * @throws `invalid` for an empty body, and for a field of the wrong type, which it names; `unsupported` for what this
 * version cannot give
 */
export function decodeCreateRequest(body: unknown, version: number): ContainerCreateRequest {
  if (body === undefined || body === null) {
    throw invalid("config cannot be empty in order to create a container", "CTR_API_BODY_INVALID");
  }
  const request = CREATE_REQUEST(body, "") as ContainerCreateRequest;
  refuseUnavailable({ ...request.HostConfig });
  const networks = Object.keys(request.NetworkingConfig?.EndpointsConfig ?? {});
  if (version < SEVERAL_NETWORKS_SINCE && networks.length > 1) {
    throw invalid(
      `Container cannot be created with multiple network endpoints: ${networks.join(", ")}`,
      "CTR_NETWORK_MODE_CONFLICT",
    );
  }
  return request;
}
