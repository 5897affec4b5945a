/** Which images a list shows: Docker's filters. */
import { invalid } from "../../../lib/errors.ts";
import type { Image } from "../../types.ts";
import { type Filters, matchesGlob } from "../decode/filters.ts";
import { parseTime } from "../decode/times.ts";
import type { ImageOperations } from "../engine-face.ts";

export const IMAGE_FILTERS = ["before", "dangling", "label", "label!", "reference", "since", "until"] as const;

/** Newest first. @throws `invalid` for a bad filter value, `notFound` for an image that a filter names */
export function selectImages(images: ImageOperations, filters: Filters): Image[] {
  const dangling = danglingOf(filters);
  const timeOf = (reference: string): number => Date.parse(images.find(reference).created);
  const before = filters.values("before").map(timeOf);
  const since = filters.values("since").map(timeOf);
  const until = filters.values("until").map((value) => (parseTime(value) ?? 0) / 1000);
  return images
    .list()
    .filter((image) => {
      const created = Date.parse(image.created);
      return (
        (dangling === undefined || dangling === (image.repoTags.length === 0)) &&
        [...before, ...until].every((limit) => created < limit) &&
        since.every((limit) => created > limit) &&
        filters.labels(image.config.Labels ?? {})
      );
    })
    .map((image) => (filters.has("reference") ? onlyMatching(image, filters.values("reference")) : image))
    .filter((image) => !filters.has("reference") || image.repoTags.length + image.repoDigests.length > 0)
    .sort((left, right) => Date.parse(right.created) - Date.parse(left.created));
}

function danglingOf(filters: Filters): boolean | undefined {
  const [value] = filters.values("dangling");
  if (value === undefined) return undefined;
  if (["1", "true"].includes(value)) return true;
  if (["0", "false"].includes(value)) return false;
  throw invalid(`invalid filter 'dangling=[${value}]'`, "CTR_API_FILTER_INVALID");
}

/** An image with the names that match only: `busybox`, `busybox:1.*`, `team/*`. */
function onlyMatching(image: Image, patterns: readonly string[]): Image {
  const matches = (name: string): boolean =>
    patterns.some((pattern) => matchesGlob(pattern, name) || matchesGlob(pattern, withoutTag(name)));
  return { ...image, repoTags: image.repoTags.filter(matches), repoDigests: image.repoDigests.filter(matches) };
}

function withoutTag(name: string): string {
  const bare = name.split("@", 1)[0] ?? name;
  const colon = bare.lastIndexOf(":");
  return colon > bare.lastIndexOf("/") ? bare.slice(0, colon) : bare;
}
