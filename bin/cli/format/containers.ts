/** Rows of `ctr ps`. */
import { shortId } from "../../../lib/ids.ts";
import { formatSize } from "../../../lib/units/size.ts";
import { goQuote } from "../../flags/go.ts";
import type { ContainerSummary } from "../client/types.ts";
import { ago, goTime } from "./ages.ts";
import { displayPorts } from "./ports.ts";
import type { RowFields } from "./row.ts";
import type { Columns } from "./rows.ts";

export const CONTAINER_HEADINGS: Columns = {
  ID: "CONTAINER ID",
  Image: "IMAGE",
  Command: "COMMAND",
  RunningFor: "CREATED",
  CreatedAt: "CREATED AT",
  State: "STATE",
  Status: "STATUS",
  Ports: "PORTS",
  Names: "NAMES",
  Size: "SIZE",
  Labels: "LABELS",
  Label: "LABEL",
  Mounts: "MOUNTS",
  LocalVolumes: "LOCAL VOLUMES",
  Networks: "NETWORKS",
  Platform: "PLATFORM",
};

const COLUMNS = ["ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names"];

export const containerColumns = (withSize: boolean): readonly string[] => (withSize ? [...COLUMNS, "Size"] : COLUMNS);

const COMMAND_WIDTH = 20;
const MOUNT_WIDTH = 15;

/** @param full show ids, commands and names of mounts whole */
export function containerRow(container: ContainerSummary, full: boolean): RowFields {
  const names = (container.Names ?? []).map((name) => name.replace(/^\//, ""));
  const labels = container.Labels ?? {};
  return {
    ID: full ? container.Id : shortId(container.Id),
    Image: imageName(container, full),
    Command: goQuote(full ? container.Command : shorten(container.Command, COMMAND_WIDTH)),
    RunningFor: ago(container.Created),
    get CreatedAt() {
      return goTime(container.Created * 1000);
    },
    State: container.State,
    Status: container.Status,
    Ports: displayPorts(container.Ports ?? []),
    // A container that others link to has names with a slash, which are not its own.
    Names: names.filter((name) => full || !name.includes("/")).join(","),
    Size: sizeOf(container),
    Labels: labelList(labels),
    Label: (name) => labels[String(name)] ?? "",
    Mounts: mountNames(container, full).join(","),
    LocalVolumes: String((container.Mounts ?? []).filter(({ Type }) => Type === "volume").length),
    Networks: Object.keys(container.NetworkSettings?.Networks ?? {}).join(","),
    Platform: null,
  };
}

/** `a=1,b=2`, sorted. */
export const labelList = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(",");

function imageName({ Image: image, ImageID: id }: ContainerSummary, full: boolean): string {
  if (image === "") return "<no image>";
  if (full) return image;
  const digest = image.indexOf("@");
  // An image whose name went to another one is shown by its id.
  if (image === id || image === shortId(id)) return shortId(id);
  return digest > 0 && image.lastIndexOf(":", digest - 1) > image.lastIndexOf("/") ? image.slice(0, digest) : image;
}

function sizeOf({ SizeRw = 0, SizeRootFs = 0 }: ContainerSummary): string {
  const own = formatSize(SizeRw);
  return SizeRootFs > 0 ? `${own} (virtual ${formatSize(SizeRootFs)})` : own;
}

const mountNames = ({ Mounts }: ContainerSummary, full: boolean): string[] =>
  (Mounts ?? []).map(({ Name, Source }) => (full ? Name || Source : shorten(Name || Source, MOUNT_WIDTH)));

function shorten(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join("")}…`;
}
