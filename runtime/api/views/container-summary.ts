/** One row of `GET /containers/json`. */
import type { Endpoint } from "../../../netns/index.ts";
import type { Container } from "../../types.ts";
import { endpointsByNetwork, leadsToPorts } from "./endpoints.ts";
import { mountPoints } from "./mounts.ts";
import { portSummaries } from "./ports.ts";
import { statusText } from "./status.ts";
import { unixSeconds } from "./times.ts";

/** Bytes: what the container wrote, and that together with its image. */
export interface ContainerSizes {
  readonly writable: number;
  readonly rootfs: number;
}

/** Minor number of the first API version that lists annotations. */
const ANNOTATIONS_SINCE = 46;

export interface SummaryContext {
  /** By which others know it: `/web/db`. */
  readonly linkNames: readonly string[];
  readonly endpoints: readonly Endpoint[];
  /** Minor number of the API version. */
  readonly version: number;
  /** The image that the container's image name means today; undefined when there is none of that name any more. */
  readonly imageIdOfName: string | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly sizes?: ContainerSizes | undefined;
}

export function containerSummary(container: Container, context: SummaryContext) {
  const { endpoints, version, linkNames, imageIdOfName, now, sizes } = context;
  const { NetworkMode = "bridge", Annotations } = container.hostConfig;
  return {
    Id: container.id,
    Names: [`/${container.name}`, ...linkNames],
    // A name that has moved on to another image would mislead.
    Image: imageIdOfName === container.imageId ? container.imageName : container.imageId,
    ImageID: container.imageId,
    Command: commandText(container),
    Created: unixSeconds(container.created),
    Ports: portSummaries(container, leadsToPorts(endpoints)),
    ...(sizes === undefined ? {} : { SizeRw: sizes.writable, SizeRootFs: sizes.rootfs }),
    Labels: container.config.Labels ?? {},
    State: container.status,
    Status: statusText(container, now),
    HostConfig: {
      NetworkMode,
      ...(version >= ANNOTATIONS_SINCE && Annotations ? { Annotations } : {}),
    },
    NetworkSettings: { Networks: withoutNames(endpointsByNetwork(container, endpoints, version)) },
    Mounts: mountPoints(container),
  };
}

/** A list has no names of the name server's, as Docker's. */
const withoutNames = (networks: ReturnType<typeof endpointsByNetwork>) =>
  Object.fromEntries(Object.entries(networks).map(([name, settings]) => [name, { ...settings, DNSNames: null }]));

/** Program and arguments on one line; arguments with spaces in single quotes. */
export function commandText({ path, args }: Container): string {
  return [path, ...args.map((argument) => (argument.includes(" ") ? `'${argument}'` : argument))].join(" ");
}
