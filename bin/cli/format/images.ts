/** Rows of `ctr images`: one for each name that an image has. */
import { shortId } from "../../../lib/ids.ts";
import { formatSize } from "../../../lib/units/size.ts";
import type { ImageSummary } from "../client/types.ts";
import { ago, goTime } from "./ages.ts";
import type { RowFields } from "./row.ts";
import type { Columns } from "./rows.ts";

export const IMAGE_HEADINGS: Columns = {
  Repository: "REPOSITORY",
  Tag: "TAG",
  Digest: "DIGEST",
  ID: "IMAGE ID",
  CreatedSince: "CREATED",
  CreatedAt: "CREATED AT",
  Size: "SIZE",
};

export const imageColumns = (withDigest: boolean): readonly string[] => [
  ...["Repository", "Tag", ...(withDigest ? ["Digest"] : [])],
  ...["ID", "CreatedSince", "Size"],
];

const NONE = "<none>";

export interface ImageRowOptions {
  readonly full: boolean;
  /** A row for each digest, too. */
  readonly digests: boolean;
}

export function imageRows(image: ImageSummary, { full, digests }: ImageRowOptions): RowFields[] {
  return namesOf(image, digests).map(({ repository, tag, digest }) => ({
    Repository: repository,
    Tag: tag,
    Digest: digest,
    ID: full ? image.Id : shortId(image.Id),
    CreatedSince: ago(image.Created),
    get CreatedAt() {
      return goTime(image.Created * 1000);
    },
    Size: formatSize(image.Size),
    Containers: "N/A",
    SharedSize: "N/A",
    UniqueSize: "N/A",
    VirtualSize: formatSize(image.Size, 4),
  }));
}

interface Name {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

function namesOf({ RepoTags, RepoDigests }: ImageSummary, digests: boolean): Name[] {
  const tags = (RepoTags ?? []).filter((name) => name !== "<none>:<none>").map(splitTag);
  const known = (RepoDigests ?? []).filter((name) => name !== "<none>@<none>").map(splitDigest);
  const digestOf = (repository: string) => known.filter((name) => name.repository === repository);
  const tagged = tags.flatMap((name) => {
    const own = digests ? digestOf(name.repository) : [];
    return own.length === 0 ? [name] : own.map(({ digest }) => ({ ...name, digest }));
  });
  const untagged = known.filter(({ repository }) => !tags.some((name) => name.repository === repository));
  const all = [...tagged, ...(digests || tags.length === 0 ? untagged : [])];
  return all.length === 0 ? [{ repository: NONE, tag: NONE, digest: NONE }] : all;
}

function splitTag(name: string): Name {
  const colon = name.lastIndexOf(":");
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1), digest: NONE };
}

function splitDigest(name: string): Name {
  const at = name.indexOf("@");
  return { repository: name.slice(0, at), tag: NONE, digest: name.slice(at + 1) };
}
