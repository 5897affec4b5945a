/** Decodes the body of `POST /volumes/create`. */
import type { VolumeRequest } from "../../types.ts";
import { mapOf, record, text } from "./shape.ts";

interface Body {
  readonly Name?: string;
  readonly Driver?: string;
  readonly DriverOpts?: Readonly<Record<string, string>>;
  readonly Labels?: Readonly<Record<string, string>>;
}

const VOLUME_CREATE = record({ Name: text, Driver: text, DriverOpts: mapOf(text), Labels: mapOf(text) });

/** @throws `invalid` that names the field */
export function decodeVolumeCreate(body: unknown): VolumeRequest {
  const { Name, Driver, DriverOpts, Labels } = VOLUME_CREATE(body ?? {}, "") as Body;
  return {
    ...(Name ? { name: Name } : {}),
    ...(Driver ? { driver: Driver } : {}),
    ...(DriverOpts === undefined ? {} : { options: DriverOpts }),
    ...(Labels === undefined ? {} : { labels: Labels }),
  };
}
