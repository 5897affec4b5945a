/**
 * Both ends of a flow as users write them. Pure: what they stand for is for {@link resolveEnds}.
 *
 * | source | |
 * |---|---|
 * | `web`, an id | a container |
 * | `host`, `outside` | the host, whatever lies beyond its uplinks |
 * | `10.1.0.2`, `[fd00::2]` | who has that address |
 *
 * | destination | |
 * |---|---|
 * | `api:8080`, `host:8080`, `outside:443` | a port there |
 * | `:8080` | what is published on this port of the host |
 * | `localhost:8080` | the loopback interface of the source |
 * | `10.1.0.3:80`, `[fd00::3]:80` | an address |
 * | `example.com:443` | a name, which the source looks up first |
 * | `…/udp`, `…/icmp` | another protocol than TCP; ICMP has no port |
 * | `http://api:8080/path`, `https://example.com` | what a URL leads to |
 */
import { isIP } from "node:net";
import { invalid } from "../../lib/errors.ts";
import type { FlowProtocol } from "../../netns/index.ts";

export type SourceEnd =
  | { readonly kind: "host" }
  | { readonly kind: "outside" }
  | { readonly kind: "address"; readonly address: string }
  | { readonly kind: "name"; readonly name: string };

export type DestinationPlace =
  | { readonly kind: "host" }
  | { readonly kind: "outside" }
  | { readonly kind: "published" }
  | { readonly kind: "localhost" }
  | { readonly kind: "address"; readonly address: string }
  /** A container's, or one for the name server. */
  | { readonly kind: "name"; readonly name: string };

export interface DestinationEnd {
  readonly place: DestinationPlace;
  readonly protocol: FlowProtocol;
  /** Undefined when none was given. */
  readonly port: number | undefined;
}

const CODE = "CTR_DIAGNOSIS_END_INVALID";
const PROTOCOLS: readonly FlowProtocol[] = ["tcp", "udp", "icmp"];
const URL_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };
/** Of containers, and of hosts in the DNS: underscores and a last dot are seen there, too. */
const NAME = /^[a-zA-Z0-9_]([a-zA-Z0-9_.-]*[a-zA-Z0-9_.])?$/;
const HIGHEST_PORT = 65_535;

/** @throws `invalid` */
export function parseSource(text: string): SourceEnd {
  const core = withoutBrackets(text) ?? text;
  if (core === "host" || core === "outside") return { kind: core };
  if (isIP(core) !== 0) return { kind: "address", address: core };
  if (text === "localhost") return { kind: "host" };
  if (NAME.test(text)) return { kind: "name", name: text };
  if (/^[^[\]]+:\d+$/.test(text) || /^\[.*\]:\d+$/.test(text)) {
    throw wrong(
      `the source has a port: ${text}`,
      "programs send from a port that the kernel chooses: write it without",
    );
  }
  throw wrong(`invalid source: "${text}"`, "write a container, host, outside or an address");
}

/** @throws `invalid` */
export function parseDestination(text: string): DestinationEnd {
  const url = /^(https?):\/\/([^/?#]+)/.exec(text);
  if (url !== null) return fromUrl(url[1] ?? "", url[2] ?? "");
  const { core, protocol } = splitProtocol(text);
  const { host, port } = splitPort(core, text);
  if (protocol === "icmp") {
    if (port !== undefined) throw wrong(`ICMP has no ports: ${text}`, `write ${host === "" ? "host" : host}/icmp`);
    return { place: placeOf(host, text), protocol, port: undefined };
  }
  return { place: placeOf(host, text), protocol, port };
}

function fromUrl(scheme: string, authority: string): DestinationEnd {
  const { host, port } = splitPort(authority.replace(/^.*@/, ""), authority);
  return { place: placeOf(host, authority), protocol: "tcp", port: port ?? URL_PORTS[scheme] };
}

function splitProtocol(text: string): { readonly core: string; readonly protocol: FlowProtocol } {
  const [, core = text, word = "tcp"] = /^([^/]*)\/(.*)$/.exec(text) ?? [];
  const protocol = PROTOCOLS.find((one) => one === word.toLowerCase());
  if (protocol === undefined) throw wrong(`unknown protocol "${word}" in ${text}`, "write /tcp, /udp or /icmp");
  return { core, protocol };
}

/** @returns the host without brackets; empty when there is a port alone */
function splitPort(core: string, text: string): { readonly host: string; readonly port: number | undefined } {
  if (isIP(core) === 6) {
    // `fd00::2:80` is an address, too: whoever means a port writes brackets.
    return { host: core, port: undefined };
  }
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(.*))?$/.exec(core);
  if (match === null) throw wrong(`invalid destination: "${text}"`, "write IPv6 addresses in brackets: [fd00::2]:80");
  const [, bracketed, plain = "", port] = match;
  if (bracketed !== undefined && isIP(bracketed) !== 6) {
    throw wrong(`this is no IPv6 address: [${bracketed}]`, "brackets are for IPv6 addresses: [fd00::2]:80");
  }
  return { host: bracketed ?? plain, port: port === undefined ? undefined : portOf(port, text) };
}

function portOf(word: string, text: string): number {
  const port = /^\d{1,5}$/.test(word) ? Number(word) : 0;
  if (port < 1 || port > HIGHEST_PORT) throw wrong(`invalid port "${word}" in ${text}`, "ports are 1 to 65535");
  return port;
}

function placeOf(host: string, text: string): DestinationPlace {
  if (host === "") {
    if (text.startsWith(":")) return { kind: "published" };
    throw wrong(`invalid destination: "${text}"`, "write container:port, :port, host:port, outside or address:port");
  }
  if (host === "host" || host === "outside" || host === "localhost") return { kind: host };
  if (isIP(host) !== 0) return { kind: "address", address: host };
  if (!NAME.test(host)) {
    throw wrong(`invalid destination: "${text}"`, "write container:port, :port, host:port, outside or address:port");
  }
  return { kind: "name", name: host };
}

const withoutBrackets = (text: string): string | undefined => /^\[(.*)\]$/.exec(text)?.[1];

const wrong = (message: string, hint: string) => invalid(message, { code: CODE, hint });
