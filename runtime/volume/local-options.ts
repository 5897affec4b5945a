/** Options of the `local` driver: a directory of the host's as the volume (`type=none`, `o=bind`, `device=/path`). */
import { invalid, unsupported } from "../../lib/errors.ts";

const KNOWN = ["type", "o", "device"];

/**
 * @returns the directory of the host that is the volume; undefined for one of the engine's own
 * @throws `invalid` for unknown options; `unsupported` for other kinds of mounts
 */
export function boundDirectory(name: string, options: Readonly<Record<string, string>>): string | undefined {
  const entries = Object.entries(options);
  if (entries.length === 0) return undefined;
  const unknown = entries.find(([key]) => !KNOWN.includes(key));
  if (unknown !== undefined) throw invalid(`create ${name}: invalid option: "${unknown[0]}"`, "CTR_VOLUME_OPTION");
  const { o = "", device = "" } = options;
  if (device === "") throw invalid(`create ${name}: missing device in volume options`, "CTR_VOLUME_OPTION");
  const words = o.split(",");
  const isBind = (words.includes("bind") || words.includes("rbind")) && device.startsWith("/");
  if (isBind) return device;
  throw unsupported(`create ${name}: volumes of ctr are directories, its own or with o=bind the host's`, {
    code: "CTR_VOLUME_OPTION",
    hint: "mount what you need on the host, and give its directory: --opt type=none --opt o=bind --opt device=/path",
  });
}
