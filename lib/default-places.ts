/** Where the engine keeps things, and where it is configured, unless somebody says otherwise. */

export const DEFAULT_DATA_ROOT = "/var/lib/ctr";
export const DEFAULT_EXEC_ROOT = "/run/ctr";
export const DEFAULT_CONFIG_FILE = "/etc/ctr/daemon.json";
