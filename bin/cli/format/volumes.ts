/** Rows of `ctr volume ls`. */
import type { VolumeSummary } from "../client/types.ts";
import { labelList } from "./containers.ts";
import type { RowFields } from "./row.ts";
import type { Columns } from "./rows.ts";

export const VOLUME_HEADINGS: Columns = {
  Driver: "DRIVER",
  Name: "VOLUME NAME",
  Scope: "SCOPE",
  Mountpoint: "MOUNTPOINT",
  Labels: "LABELS",
  Label: "LABEL",
};

export const VOLUME_COLUMNS = ["Driver", "Name"] as const;

export function volumeRow({ Driver, Name, Scope, Mountpoint, Labels }: VolumeSummary): RowFields {
  const labels = Labels ?? {};
  return { Driver, Name, Scope, Mountpoint, Labels: labelList(labels), Label: (name) => labels[String(name)] ?? "" };
}
