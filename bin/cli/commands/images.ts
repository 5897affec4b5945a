import { text, toggle } from "../../flags/options.ts";
import type { ImageSummary } from "../client/types.ts";
import { defineCommand } from "../command.ts";
import { filterOption, filterQuery } from "../filters.ts";
import { IMAGE_HEADINGS, imageColumns, imageRows } from "../format/images.ts";
import { renderRows } from "../format/rows.ts";

export const command = defineCommand({
  summary: "List images",
  usage: "[OPTIONS] [REPOSITORY[:TAG]]",
  operands: [0, 1],
  alsoKnownAs: ["image ls", "image list", "images"],
  options: {
    all: toggle({ short: "a", help: "Show all images, also intermediate ones" }),
    digests: toggle({ help: "Show digests" }),
    filter: filterOption('Only those that fit: "reference=busy*", "dangling=true", "label=a=b"'),
    format: text({ help: "table, json, 'table TEMPLATE' or a Go template: '{{.ID}}'" }),
    "no-trunc": toggle({ help: "Show values whole" }),
    quiet: toggle({ short: "q", help: "Only show image IDs" }),
  },
  examples: ["ctr images", "ctr images busybox", "ctr images --format '{{.Repository}}:{{.Tag}} {{.Size}}'"],
  async run({ values, operands: [reference] }, { client }) {
    const filters = reference === undefined ? values.filter : [...values.filter, ["reference", reference] as const];
    const images = await client.get<ImageSummary[]>("/images/json", {
      all: values.all ? 1 : undefined,
      digests: values.digests ? 1 : undefined,
      filters: filterQuery(filters),
    });
    const full = values["no-trunc"];
    const digests = values.digests || (values.format ?? "").includes(".Digest");
    const rows = images.flatMap((image) => imageRows(image, { full, digests }));
    const format = values.format ?? (values.quiet ? "{{.ID}}" : undefined);
    process.stdout.write(renderRows(rows, { format, columns: imageColumns(values.digests), headings: IMAGE_HEADINGS }));
  },
});
