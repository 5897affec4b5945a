/** The host's own resolv.conf. See resolv.conf(5). */
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { hasCode } from "../../lib/errors.ts";

export interface HostResolvConf {
  /** Content. */
  readonly hostFile: string;
  /** Where it was read; `/etc/resolv.conf` by default. For the comment in the container's file. */
  readonly hostFilePath?: string;
  /** The servers that the host itself asks, where they are others than those of `hostFile`. */
  readonly hostServers?: readonly string[];
}

const HOST_FILE = "/etc/resolv.conf";
const SYSTEMD_STUB = "127.0.0.53";
const SYSTEMD_FILE = "/run/systemd/resolve/resolv.conf";

/**
 * Reads the host's file; one that is not there counts as empty. Where it names nothing but the stub of
 * systemd-resolved, which only answers on the host, the file with the servers behind it is taken.
 * @throws the Node system error when it is unreadable
 */
export function readHostResolvConf(path = HOST_FILE): Required<HostResolvConf> {
  const hostFile = readIfThere(path);
  const { servers } = parseResolvConf(hostFile);
  const behindStub = servers.length === 1 && servers[0] === SYSTEMD_STUB ? readIfThere(SYSTEMD_FILE) : "";
  return behindStub === ""
    ? { hostFile, hostFilePath: path, hostServers: servers }
    : { hostFile: behindStub, hostFilePath: SYSTEMD_FILE, hostServers: servers };
}

/** What the user or the engine's configuration asks for; empty lists take the host's. */
export interface DnsSettings {
  readonly servers?: readonly string[] | undefined;
  readonly search?: readonly string[] | undefined;
  readonly options?: readonly string[] | undefined;
}

/** How a name server of ours asks for other names, and what its containers' resolv.conf says: see `NamesSandbox`. */
export interface NameServerSettings {
  readonly servers: readonly string[];
  readonly serversFromHost: boolean;
  readonly search: readonly string[];
  readonly options: readonly string[];
}

/**
 * The host's servers are taken as the host asks them, the stub of systemd-resolved too: it knows which server to ask for
 * which domain, and is asked from the host's network.
 * @throws the Node system error when the host's file is unreadable
 */
export function nameServerSettings({ servers = [], search = [], options = [] }: DnsSettings): NameServerSettings {
  const host = readHostResolvConf();
  const ofHost = parseResolvConf(host.hostFile);
  return {
    servers: servers.length > 0 ? servers : host.hostServers,
    serversFromHost: servers.length === 0,
    search: search.length > 0 ? withoutRoot(search) : ofHost.search,
    options: withNdots(options.length > 0 ? options : ofHost.options),
  };
}

/** `.` stands for no domain at all. */
export const withoutRoot = (search: readonly string[]): readonly string[] => search.filter((domain) => domain !== ".");

/** For our name server: names of containers have no dots, and are asked for as they are first. */
export const withNdots = (options: readonly string[]): readonly string[] =>
  hasNdots(options) ? options : [...options, "ndots:0"];

export const hasNdots = (options: readonly string[]): boolean => options.some((option) => /^ndots(:|$)/.test(option));

export interface ParsedResolvConf {
  readonly servers: readonly string[];
  readonly invalidServers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
  /** Lines with other words, unchanged. */
  readonly other: readonly string[];
}

export function parseResolvConf(content: string): ParsedResolvConf {
  const servers: string[] = [];
  const invalidServers: string[] = [];
  const options: string[] = [];
  const other: string[] = [];
  let search: string[] = [];
  for (const line of content.split("\n")) {
    const [word = "", ...values] = line.trim().split(/\s+/);
    if (word === "" || word.startsWith("#") || word.startsWith(";")) continue;
    const [first] = values;
    if (word === "nameserver") {
      if (first !== undefined) (isIP(first) === 0 ? invalidServers : servers).push(first);
    } else if (word === "search" || word === "domain") {
      // `domain` is the old name; the last of all these lines counts.
      if (values.length > 0) search = values;
    } else if (word === "options") {
      options.push(...values);
    } else {
      other.push(line);
    }
  }
  return { servers, invalidServers, search, options, other };
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return "";
    throw error;
  }
}
