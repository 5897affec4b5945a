/** Where a registry answers, and whether it may do so without TLS. */
import { isIPv4 } from "node:net";

export interface Endpoint {
  /** `https://registry-1.docker.io` */
  readonly base: string;
  /** Certificates are not checked. */
  readonly insecure: boolean;
}

const DOCKER_HUB = "registry-1.docker.io";

/**
 * The addresses to try for a registry, best first. The machine's own registries and those the user called insecure are
 * asked over HTTP, then over HTTPS with any certificate (dockerd, "insecure registries").
 * @param domain of a reference: `docker.io`, `localhost:5000`
 * @param insecureRegistries hosts with or without port, or IPv4 networks as `10.1.0.0/16`
 */
export function endpointsOf(domain: string, insecureRegistries: readonly string[]): readonly [Endpoint, ...Endpoint[]] {
  const host = domain === "docker.io" ? DOCKER_HUB : domain;
  if (!isLoopback(host) && !insecureRegistries.some((entry) => matches(entry, host))) {
    return [{ base: `https://${host}`, insecure: false }];
  }
  return [
    { base: `http://${host}`, insecure: true },
    { base: `https://${host}`, insecure: true },
  ];
}

const nameOf = (host: string): string => host.replace(/:\d+$/, "");

function isLoopback(host: string): boolean {
  const name = nameOf(host);
  return name === "localhost" || name === "[::1]" || (isIPv4(name) && name.startsWith("127."));
}

function matches(entry: string, host: string): boolean {
  if (entry === host || entry === nameOf(host)) return true;
  const [network = "", bits] = entry.split("/");
  const name = nameOf(host);
  if (bits === undefined || !isIPv4(network) || !isIPv4(name)) return false;
  const shift = 32 - Number(bits);
  return shift >= 32 || numberOf(network) >>> shift === numberOf(name) >>> shift;
}

const numberOf = (address: string): number =>
  address.split(".").reduce((number, part) => ((number << 8) | Number(part)) >>> 0, 0);
