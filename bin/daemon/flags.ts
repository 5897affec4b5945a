/** The command line of `ctrd`. */
import { LOG_LEVELS } from "../../lib/log.ts";
import { FlagError } from "../flags/errors.ts";
import { describeOptions } from "../flags/help.ts";
import { list, single, text, toggle } from "../flags/options.ts";
import { type Parsed, parseFlags } from "../flags/parse.ts";
import { LIMIT_OPTIONS } from "./limit-settings.ts";
import { NETWORK_OPTIONS } from "./network-settings.ts";
import { flagValue, LOG_FORMAT, LOG_LEVEL } from "./values.ts";

const OPTIONS = {
  host: list({
    short: "H",
    help: "Where to listen: unix:///path or tcp://address:port (default unix:///run/ctr/ctr.sock)",
  }),
  "data-root": text({ help: "Directory of images, containers and state (default /var/lib/ctr)" }),
  "exec-root": text({ help: "Directory of run state: sockets, namespaces (default /run/ctr)" }),
  "config-file": text({ help: "Configuration file (default /etc/ctr/daemon.json)" }),
  pidfile: text({ short: "p", help: "File for the process id (default ctrd.pid in the exec-root)" }),
  ...NETWORK_OPTIONS,
  ...LIMIT_OPTIONS,
  "insecure-registry": list({ help: "Registry to ask without TLS: a host, with or without port, or 10.1.0.0/16" }),
  debug: toggle({ short: "D", help: "Log everything, the same as --log-level debug" }),
  "log-level": single({
    short: "l",
    value: "string",
    help: `What to log: ${LOG_LEVELS.join(", ")} (default info)`,
    parse: (value) => flagValue(LOG_LEVEL, value),
  }),
  "log-format": single({
    value: "string",
    help: "How to log: text or json (default text)",
    parse: (value) => flagValue(LOG_FORMAT, value),
  }),
  version: toggle({ short: "v", help: "Print the version and quit" }),
};

export type DaemonFlags = Parsed<typeof OPTIONS>;

/** @throws {FlagError} */
export function parseDaemonFlags(argv: readonly string[]): DaemonFlags {
  const parsed = parseFlags(argv, OPTIONS, { interspersed: true });
  const [operand] = parsed.operands;
  if (operand !== undefined) throw new FlagError(`ctrd takes no arguments, only flags: ${operand}`);
  return parsed;
}

export const daemonHelp = (): string => `Usage:  ctrd [OPTIONS]

The engine of ctr. Serves the Docker Engine API; containers go on when it ends.

Options:
${describeOptions(OPTIONS)}

Examples:
  ctrd                                       # the default socket and directories
  ctrd -H unix:///run/ctr/ctr.sock -H tcp://127.0.0.1:2375
  ctrd --data-root /tmp/a --exec-root /run/a -H unix:///run/a/ctr.sock --bip 10.9.0.1/16
`;
