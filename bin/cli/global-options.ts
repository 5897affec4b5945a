/** The options before the command: `ctr -H tcp://127.0.0.1:2375 ps`. */
import { text, toggle } from "../flags/options.ts";

export const GLOBAL_OPTIONS = {
  host: text({ short: "H", help: "Engine to talk to: unix:///path or tcp://address:port" }),
  version: toggle({ short: "v", help: "Print the version and quit" }),
};
