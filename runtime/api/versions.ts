/** The versions of the Docker Engine API that are spoken here, and the version a request names in its path. */
import { invalid } from "../../lib/errors.ts";

export const API_VERSION = "1.51";
export const MIN_API_VERSION = "1.24";

/** What follows the minor number is let be, as in Docker. */
const PREFIX = /^\/v(\d+)(?:\.(\d+)[.\d]*)?(?=\/)/;

export interface VersionedPath {
  /** Minor number of the version: 24 … 51. All versions are 1.x. */
  readonly version: number;
  /** The path without its version. */
  readonly path: string;
}

/**
 * Splits `/v1.45/containers/json`; a path without version means the newest.
 * @throws `invalid` with Docker's text when the version is newer or older than what is spoken here
 */
export function splitVersion(path: string): VersionedPath {
  const match = PREFIX.exec(path);
  if (match === null) return { version: minorOf(API_VERSION), path };
  const [prefix, major = "", minor = "0"] = match;
  const named = prefix.slice("/v".length);
  const asked = Number(major) * 1000 + Number(minor);
  if (asked > 1000 + minorOf(API_VERSION)) {
    throw invalid(
      `client version ${named} is too new. Maximum supported API version is ${API_VERSION}`,
      "CTR_API_VERSION_UNSUPPORTED",
    );
  }
  if (asked < 1000 + minorOf(MIN_API_VERSION)) {
    throw invalid(
      `client version ${named} is too old. Minimum supported API version is ${MIN_API_VERSION}, please upgrade your client to a newer version`,
      "CTR_API_VERSION_UNSUPPORTED",
    );
  }
  return { version: Number(minor), path: path.slice(prefix.length) };
}

const minorOf = (version: string): number => Number(version.slice(version.indexOf(".") + 1));
