/**
 * The value of `-p`: `[[hostIp:][hostPort[-end]]:]containerPort[-end][/protocol]`, or
 * `published=…,target=…,protocol=…,policy=…`. Grammar and texts are those of Docker's CLI and of go-connections' `nat`
 * package, which it uses; `policy` is ours.
 */
import { invalid } from "../../lib/errors.ts";
import type { Protocol, PublishPolicy } from "../types.ts";
import { canonicalAddress } from "./host-address.ts";

/** One container port to publish, as the API's `HostConfig.PortBindings` has it. */
export interface PublishSpec {
  readonly protocol: Protocol;
  readonly containerPort: number;
  /** IPv4 or IPv6 address without brackets; empty for all addresses. */
  readonly hostIp: string;
  /** `8080`; `9000-9010` for any free one of a range; empty for an ephemeral port. */
  readonly hostPort: string;
  readonly policy?: PublishPolicy;
}

/** First and last port, both included. */
export interface PortRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads one `-p`. A range of container ports gives several.
 * @throws `invalid` (`CTR_PORT_INVALID`) with Docker's text
 */
export function parsePublish(text: string): PublishSpec[] {
  if (!text.includes("=")) return parseShortForm(text);
  const { shortForm, policy } = readLongForm(text);
  const specs = parseShortForm(shortForm);
  return policy === undefined ? specs : specs.map((spec) => ({ ...spec, policy: parsePublishPolicy(policy) }));
}

const POLICIES: readonly PublishPolicy[] = ["all", "loopback", "hostfw"];

/** @throws `invalid` (`CTR_PORT_INVALID`) */
export function parsePublishPolicy(text: string): PublishPolicy {
  const policy = POLICIES.find((name) => name === text);
  if (policy !== undefined) return policy;
  throw invalid(`invalid publish policy: ${text}`, { code: "CTR_PORT_INVALID", hint: `write ${POLICIES.join(", ")}` });
}

function parseShortForm(text: string): PublishSpec[] {
  const fields = text.split(":");
  const [containerPart = "", hostPort = ""] = [fields.pop(), fields.pop()];
  const { ports: containerPorts, protocol } = splitProtocol(containerPart);
  if (containerPorts === "") throw bad(`no port specified: ${text}<empty>`);
  const checkedProtocol = checkProtocol(protocol);
  const hostIp = parseHostIp(fields.join(":"));
  const container = parsePortRange(containerPorts) ?? fail(`invalid containerPort: ${containerPorts}`);
  const host = hostPort === "" ? undefined : (parsePortRange(hostPort) ?? fail(`invalid hostPort: ${hostPort}`));
  const count = container.end - container.start + 1;
  // A host range for one container port is a choice; for several it must have a port for each.
  const isChoice = host !== undefined && count === 1 && host.end > host.start;
  if (host !== undefined && !isChoice && host.end - host.start + 1 !== count) {
    throw bad(`invalid ranges specified for container and host Ports: ${containerPorts} and ${hostPort}`);
  }
  const hostPortAt = (index: number): string => {
    if (host === undefined) return "";
    return isChoice ? `${host.start}-${host.end}` : String(host.start + index);
  };
  return Array.from({ length: count }, (_, index) => ({
    protocol: checkedProtocol,
    containerPort: container.start + index,
    hostIp,
    hostPort: hostPortAt(index),
  }));
}

/** Docker turns the long form into the short one; keys that it does not know, such as `mode`, are without effect. */
function readLongForm(text: string): { readonly shortForm: string; readonly policy: string | undefined } {
  const values = new Map([["protocol", "tcp"]]);
  for (const field of text.split(",")) {
    const equals = field.indexOf("=");
    if (equals < 1) throw bad(`invalid publish opts format (should be name=value but got '${field}')`);
    values.set(field.slice(0, equals), field.slice(equals + 1));
  }
  const value = (key: string): string => values.get(key) ?? "";
  return {
    shortForm: `${value("published")}:${value("target")}/${value("protocol")}`,
    policy: values.get("policy"),
  };
}

/** `80/udp` → ports and protocol; without one it is tcp. */
export function splitProtocol(text: string): { readonly ports: string; readonly protocol: string } {
  const [ports = "", ...rest] = text.split("/");
  return { ports, protocol: rest.join("/") || "tcp" };
}

/** @throws `invalid` unless it is tcp, udp or sctp, in any case of letters */
export function checkProtocol(text: string): Protocol {
  const protocol = text.toLowerCase();
  if (protocol !== "tcp" && protocol !== "udp" && protocol !== "sctp") throw bad(`invalid proto: ${protocol}`);
  return protocol;
}

/** `80` or `8000-8010`; undefined when it is neither. Port 0 is let through: for a host port it means ephemeral. */
export function parsePortRange(text: string): PortRange | undefined {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  if (match === null) return undefined;
  const [, first, last = first] = match;
  const range = { start: Number(first), end: Number(last) };
  return range.end > 65535 || range.end < range.start ? undefined : range;
}

function parseHostIp(text: string): string {
  const address = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  if (address !== "" && canonicalAddress(address) === undefined) throw bad(`invalid IP address: ${address}`);
  return address;
}

const bad = (message: string) =>
  invalid(message, { code: "CTR_PORT_INVALID", hint: "write [hostIp:][hostPort:]containerPort[/tcp|udp|sctp]" });

function fail(message: string): never {
  throw bad(message);
}
