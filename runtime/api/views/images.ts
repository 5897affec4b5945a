/** Images as the Engine API shows them. */
import type { Image } from "../../types.ts";
import { configView } from "./container-config.ts";
import { STORAGE_DRIVER } from "./container-inspect.ts";
import { unixSeconds } from "./times.ts";

/** Minor number of the API version that dropped `VirtualSize`, always the same as `Size`. */
const WITHOUT_VIRTUAL_SIZE = 44;
/** Minor number of the API version that shows images without a name as having none, rather than `<none>:<none>`. */
const WITH_EMPTY_TAGS = 43;

/** One row of `GET /images/json`. @param version minor number of the API version */
export function imageSummary(image: Image, version: number) {
  const unnamed = image.repoTags.length === 0 && version < WITH_EMPTY_TAGS;
  return {
    Id: image.id,
    ParentId: image.parent,
    RepoTags: unnamed ? ["<none>:<none>"] : image.repoTags,
    RepoDigests: unnamed && image.repoDigests.length === 0 ? ["<none>@<none>"] : image.repoDigests,
    Created: unixSeconds(image.created),
    Size: image.size,
    ...(version < WITHOUT_VIRTUAL_SIZE ? { VirtualSize: image.size } : {}),
    // Docker's sign for "not counted".
    SharedSize: -1,
    Containers: -1,
    Labels: image.config.Labels ?? {},
  };
}

/** `GET /images/{name}/json`. */
export function imageInspect(image: Image, version: number) {
  const { os, architecture, variant } = image.platform;
  return {
    Id: image.id,
    RepoTags: image.repoTags,
    RepoDigests: image.repoDigests,
    Parent: image.parent,
    Comment: image.comment,
    Created: image.created,
    DockerVersion: "",
    Author: image.author,
    Config: configView(image.config),
    Architecture: architecture,
    ...(variant === undefined ? {} : { Variant: variant }),
    Os: os,
    Size: image.size,
    ...(version < WITHOUT_VIRTUAL_SIZE ? { VirtualSize: image.size } : {}),
    GraphDriver: { Name: STORAGE_DRIVER, Data: null },
    RootFS: { Type: "layers", Layers: image.layers },
    Metadata: { LastTagTime: "0001-01-01T00:00:00Z" },
  };
}

/**
 * `GET /images/{name}/history`. What an image's layers were made by is not kept: the image is one step, its lower layers
 * are missing ones, as Docker shows those of images that were pulled.
 */
export function imageHistory(image: Image) {
  return [
    {
      Id: image.id,
      Created: unixSeconds(image.created),
      CreatedBy: "",
      Tags: image.repoTags.length === 0 ? null : image.repoTags,
      Size: image.size,
      Comment: image.comment,
    },
  ];
}
