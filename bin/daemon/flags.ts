/** The command line of `ctrd`. */
import { LOG_LEVELS } from "../../lib/log.ts";
import { FlagError } from "../flags/errors.ts";
import { describeOptions } from "../flags/help.ts";
import { list, single, text, toggle } from "../flags/options.ts";
import { type Parsed, parseFlags } from "../flags/parse.ts";
import { ADDRESS, CIDR, flagValue, LOG_FORMAT, LOG_LEVEL, MTU } from "./values.ts";

const OPTIONS = {
  host: list({
    short: "H",
    help: "Where to listen: unix:///path or tcp://address:port (default unix:///run/ctr/ctr.sock)",
  }),
  "data-root": text({ help: "Directory of images, containers and state (default /var/lib/ctr)" }),
  "exec-root": text({ help: "Directory of run state: sockets, namespaces (default /run/ctr)" }),
  "config-file": text({ help: "Configuration file (default /etc/ctr/daemon.json)" }),
  pidfile: text({ short: "p", help: "File for the process id (default ctrd.pid in the exec-root)" }),
  bip: single({
    value: "string",
    help: "Address of the default bridge with its prefix length: 172.20.0.1/16",
    parse: (value) => flagValue(CIDR, value),
  }),
  mtu: single({
    value: "int",
    help: "MTU of the containers' network (default: the uplink's)",
    parse: (value) => flagValue(MTU, Number(value)),
  }),
  dns: list({ help: "DNS server of containers", parse: (value) => flagValue(ADDRESS, value) }),
  "dns-opt": list({ help: "DNS option of containers" }),
  "dns-search": list({ help: "DNS search domain of containers" }),
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
