/** `GET /volumes` and `GET /volumes/{name}`. */
import type { Volume } from "../../types.ts";
import { VOLUME_DRIVER } from "../../volume/index.ts";

export const volumeView = ({ name, created, labels, options, mountpoint }: Volume) => ({
  CreatedAt: created,
  Driver: VOLUME_DRIVER,
  Labels: filledOrNull(labels),
  Mountpoint: mountpoint,
  Name: name,
  Options: filledOrNull(options),
  Scope: "local",
});

const filledOrNull = (map: Readonly<Record<string, string>>) => (Object.keys(map).length === 0 ? null : map);
