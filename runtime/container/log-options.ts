/** `--log-driver` and `--log-opt`: which there are, in Docker's texts. Pure. */
import { invalid } from "../../lib/errors.ts";
import type { HostConfig } from "../types.ts";

/** Docker's file drivers: all mean the one log file that conmon writes. */
const FILE_DRIVERS = ["json-file", "local", "k8s-file"];

/** Of how the output gets to the driver, whichever it is. */
const DELIVERY = ["mode", "max-buffer-size"];
const MODES = ["", "blocking", "non-blocking"];

/** Of the file. What they ask for is kept for `inspect`. */
const FILE_OPTIONS = ["max-file", "max-size", "compress", "labels", "labels-regex", "env", "env-regex", "tag"];

/**
 * @returns the driver; Docker's default for none
 * @throws `invalid` for an unknown driver, option or mode
 */
export function checkLogConfig({ Type, Config }: NonNullable<HostConfig["LogConfig"]>): string {
  const driver = Type || "json-file";
  if (driver === "none") return driver;
  const { mode = "" } = Config ?? {};
  if (!MODES.includes(mode)) {
    throw invalid(`logger: logging mode not supported: ${mode}`, "CTR_LOG_OPTION_INVALID");
  }
  if (!FILE_DRIVERS.includes(driver)) {
    throw invalid(`logger: no log driver named '${driver}' is registered`, "CTR_LOG_DRIVER_UNKNOWN");
  }
  const known = [...DELIVERY, ...FILE_OPTIONS];
  const unknown = Object.keys(Config ?? {}).find((key) => !known.includes(key));
  if (unknown === undefined) return driver;
  throw invalid(`unknown log opt '${unknown}' for ${driver} log driver`, {
    code: "CTR_LOG_OPTION_INVALID",
    hint: `there are: ${known.join(", ")}`,
  });
}
