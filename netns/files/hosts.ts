/** `/etc/hosts` as Docker writes it, byte for byte. See hosts(5). */
import { isIP, isIPv6, SocketAddress } from "node:net";
import { invalid } from "../../lib/errors.ts";

const HOST_GATEWAY = "host-gateway";

export interface HostsFile {
  /** May be a full domain name. */
  readonly hostname: string;
  readonly domainname?: string;
  /** The container's own addresses, in the order of its interfaces. */
  readonly addresses: readonly string[];
  /** `name:address` of `--add-host`; the address may be `host-gateway`. */
  readonly extraHosts: readonly string[];
  /** What `host-gateway` stands for: the host's addresses as containers see them. */
  readonly hostGateway?: readonly string[];
  /** Of `--link`: what other containers are called here. Written as they are. */
  readonly links?: readonly HostsLine[];
  /** True when IPv6 is on in the container's namespace. */
  readonly ipv6?: boolean;
}

export interface HostsLine {
  readonly address: string;
  /** The alias first, by which the line is found again. */
  readonly names: readonly string[];
}

export interface ExtraHost {
  readonly name: string;
  /** Or `host-gateway`. */
  readonly address: string;
}

const IPV6_LINES = [
  "::1\tlocalhost ip6-localhost ip6-loopback",
  "fe00::\tip6-localnet",
  "ff00::\tip6-mcastprefix",
  "ff02::1\tip6-allnodes",
  "ff02::2\tip6-allrouters",
];

/** @throws `invalid` when an extra host is none, or `host-gateway` is asked for where it is not known */
export function hostsFile({
  hostname,
  domainname = "",
  addresses,
  extraHosts,
  hostGateway = [],
  links = [],
  ipv6 = false,
}: HostsFile): string {
  const extra = extraHosts
    .map(parseExtraHost)
    .flatMap(({ name, address }) => resolveGateway(address, hostGateway).map((ip) => ({ name, ip })))
    .filter(({ ip }) => ipv6 || !isIPv6(ip))
    .map(({ name, ip }) => `${canonical(ip)}\t${name}`);
  const own = addresses
    .filter((address) => address !== "")
    .map((address) => ownHostsLine(address, hostname, domainname));
  const linked = links.map(hostsLine);
  const lines = ["127.0.0.1\tlocalhost", ...(ipv6 ? IPV6_LINES : []), ...extra, ...linked, ...own];
  return lines.map((line) => `${line}\n`).join("");
}

/** The line of one of the container's own addresses, without a line break. */
export const ownHostsLine = (address: string, hostname: string, domainname = ""): string =>
  `${canonical(address)}\t${names(hostname, domainname)}`;

export const hostsLine = ({ address, names }: HostsLine): string => `${canonical(address)}\t${names.join(" ")}`;

/**
 * Reads one `--add-host`: `name:address` or `name=address`; an IPv6 address may stand in brackets.
 * @throws `invalid` with Docker's text
 */
export function parseExtraHost(text: string): ExtraHost {
  const [, name = "", rest = ""] = /^([^:=]*)[:=](.*)$/.exec(text) ?? [];
  const address = rest.startsWith("[") && rest.endsWith("]") ? rest.slice(1, -1) : rest;
  // A line break or blank would write other lines than the one that was asked for.
  if (name === "" || address === "" || /\s/.test(name)) throw bad(`bad format for add-host: "${text}"`);
  if (address !== HOST_GATEWAY && (isIP(address) === 0 || address.includes("%"))) {
    throw bad(`invalid IP address in add-host: "${address}"`);
  }
  return { name, address };
}

function resolveGateway(address: string, hostGateway: readonly string[]): readonly string[] {
  if (address !== HOST_GATEWAY) return [address];
  if (hostGateway.length === 0) throw bad("unable to derive the IP value for host-gateway");
  return hostGateway;
}

/** `foo.example.com` → `foo.example.com foo`. */
function names(hostname: string, domainname: string): string {
  const full = domainname === "" ? hostname : `${hostname}.${domainname}`;
  const dot = full.indexOf(".");
  return dot < 0 ? full : `${full} ${full.slice(0, dot)}`;
}

/** IPv6 addresses in their shortest spelling, RFC 5952. */
export const canonical = (address: string): string =>
  isIPv6(address) ? new SocketAddress({ address, family: "ipv6" }).address : address;

const bad = (message: string) =>
  invalid(message, { code: "CTR_EXTRA_HOST_INVALID", hint: "write name:address, or name:host-gateway" });
