/** `--network` and the flags that belong to the first of them, as the API has them. Rules and texts are Docker's. */
import type { EndpointSettings } from "../../../runtime/index.ts";
import { splitCsv } from "../../flags/csv.ts";
import { parseInteger } from "../../flags/options.ts";
import { CliError, ExitCode } from "../errors.ts";

/** One `--network`. */
export interface NetworkAttachment {
  /** A mode (`host`, `container:web`), or a network's name or id. */
  readonly target: string;
  readonly aliases: readonly string[];
  readonly driverOptions: Readonly<Record<string, string>>;
  readonly ip?: string;
  readonly ip6?: string;
  readonly mac?: string;
  readonly linkLocal: readonly string[];
  readonly gatewayPriority?: number;
}

/** The flags that describe the first network, and the networks. */
export interface NetworkValues {
  readonly network: readonly NetworkAttachment[];
  readonly "network-alias": readonly string[];
  readonly ip: string | undefined;
  readonly ip6: string | undefined;
  readonly "link-local-ip": readonly string[];
  readonly "mac-address": string | undefined;
  readonly link: readonly string[];
}

const DEFAULT: NetworkAttachment = { target: "default", aliases: [], driverOptions: {}, linkLocal: [] };

/** `front`, or `name=front,ip=10.1.0.5,alias=web,gw-priority=1`. @throws with Docker's text */
export function parseNetwork(text: string): NetworkAttachment {
  if (!/\w+=\w+/.test(text)) return { ...DEFAULT, target: text };
  const fields = { aliases: [] as string[], linkLocal: [] as string[], driverOptions: {} as Record<string, string> };
  const single: { target?: string; ip?: string; ip6?: string; mac?: string; gatewayPriority?: number } = {};
  for (const field of splitCsv(text)) {
    const equals = field.indexOf("=");
    if (equals < 1) throw new Error(`invalid field ${field}`);
    const key = field.slice(0, equals).trim().toLowerCase();
    const value = field.slice(equals + 1).trim();
    if (key === "name") single.target = value;
    else if (key === "alias") fields.aliases.push(value);
    else if (key === "ip") single.ip = value;
    else if (key === "ip6") single.ip6 = value;
    else if (key === "mac-address") single.mac = value;
    else if (key === "link-local-ip") fields.linkLocal.push(value);
    else if (key === "driver-opt") Object.assign(fields.driverOptions, driverOption(value));
    else if (key === "gw-priority") single.gatewayPriority = priority(value);
    else throw new Error(`invalid field key ${key}`);
  }
  const { target = "", ...rest } = single;
  if (target === "") throw new Error("network name/id is not specified");
  return { target, ...fields, ...rest };
}

/** `HostConfig.NetworkMode`: the first network. */
export const networkMode = ({ network: [first = DEFAULT] }: NetworkValues): string => first.target;

/**
 * `NetworkingConfig.EndpointsConfig`: the networks in the order given, with what the user chose for each. One network
 * about which nothing is said is in `NetworkMode` alone.
 * @throws {CliError} for what contradicts itself, with Docker's texts
 */
export function endpointsConfig(values: NetworkValues): Record<string, EndpointSettings> {
  const [first = DEFAULT, ...others] = values.network;
  const attachments = [withFlags(first, values), ...others];
  const endpoints: Record<string, EndpointSettings> = {};
  for (const [index, attachment] of attachments.entries()) {
    const { target } = attachment;
    const settings = endpointSettings(attachment, index === 0 && target !== DEFAULT.target ? values.link : []);
    // The engine's own name of the network that is meant without any.
    const name = target === DEFAULT.target ? "bridge" : target;
    if (endpoints[name] !== undefined) throw failed(`network ${JSON.stringify(target)} is specified multiple times`);
    endpoints[name] = settings;
  }
  const userDefined = attachments.filter(({ target }) => isUserDefined(target)).length;
  if (userDefined > 0 && userDefined < attachments.length) {
    throw failed("conflicting options: cannot attach both user-defined and non-user-defined network-modes");
  }
  const saysNothing =
    attachments.length === 1 && Object.values(endpoints).every((one) => Object.keys(one).length === 0);
  return saysNothing ? {} : endpoints;
}

/** A network that somebody made, not a mode. */
const isUserDefined = (target: string): boolean =>
  !["default", "bridge", "host", "none"].includes(target) && !target.startsWith("container:");

/** The first network gets what `--ip`, `--network-alias` … say; saying it in both places is a contradiction. */
function withFlags(attachment: NetworkAttachment, values: NetworkValues): NetworkAttachment {
  const both = (flag: string, words: string): CliError =>
    failed(`conflicting options: cannot specify both --${flag} and per-network ${words}`);
  const one = (own: string | undefined, flag: "ip" | "ip6" | "mac-address", words: string): string | undefined => {
    // An empty address is as none.
    const given = values[flag] || undefined;
    if (own !== undefined && given !== undefined) throw both(flag, words);
    return own ?? given;
  };
  const many = (own: readonly string[], flag: "network-alias" | "link-local-ip", words: string): readonly string[] => {
    if (own.length > 0 && values[flag].length > 0) throw both(flag, words);
    return [...own, ...values[flag]];
  };
  const ip = one(attachment.ip, "ip", "IPv4 address");
  const ip6 = one(attachment.ip6, "ip6", "IPv6 address");
  const mac = one(attachment.mac, "mac-address", "MAC address");
  return {
    ...attachment,
    aliases: many(attachment.aliases, "network-alias", "alias"),
    linkLocal: many(attachment.linkLocal, "link-local-ip", "link-local IP addresses"),
    ...(ip === undefined ? {} : { ip }),
    ...(ip6 === undefined ? {} : { ip6 }),
    ...(mac === undefined ? {} : { mac }),
  };
}

function endpointSettings(attachment: NetworkAttachment, links: readonly string[]): EndpointSettings {
  const { target, aliases, driverOptions, ip, ip6, mac, linkLocal, gatewayPriority } = attachment;
  if (target.trim() === "") throw failed("no name set for network");
  if (!isUserDefined(target) && aliases.length > 0) {
    throw failed("network-scoped aliases are only supported for user-defined networks");
  }
  if (mac !== undefined && !MAC.test(mac)) throw failed(`${mac} is not a valid mac address`);
  const addresses = {
    ...(ip === undefined ? {} : { IPv4Address: ip }),
    ...(ip6 === undefined ? {} : { IPv6Address: ip6 }),
    ...(linkLocal.length === 0 ? {} : { LinkLocalIPs: linkLocal }),
  };
  return {
    ...(Object.keys(addresses).length === 0 ? {} : { IPAMConfig: addresses }),
    // On the default bridge they are in HostConfig alone.
    ...(isUserDefined(target) && links.length > 0 ? { Links: links } : {}),
    ...(aliases.length === 0 ? {} : { Aliases: aliases }),
    ...(mac === undefined ? {} : { MacAddress: mac }),
    ...(Object.keys(driverOptions).length === 0 ? {} : { DriverOpts: driverOptions }),
    ...(gatewayPriority === undefined ? {} : { GwPriority: gatewayPriority }),
  };
}

/** Six octets with colons or hyphens, or three groups with dots, as Go's net.ParseMAC reads them. */
const MAC = /^([0-9a-f]{2}([:-])(?:[0-9a-f]{2}\2){4}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4})$/i;

function driverOption(value: string): Record<string, string> {
  const equals = value.indexOf("=");
  if (equals < 0) throw new Error("invalid key value pair format in driver options");
  return { [value.slice(0, equals).trim().toLowerCase()]: value.slice(equals + 1).trim() };
}

function priority(value: string): number {
  try {
    return parseInteger(value);
  } catch {
    throw new Error(`invalid gw-priority (${value}): invalid syntax`);
  }
}

const failed = (message: string): CliError => new CliError(message, ExitCode.notRun);
