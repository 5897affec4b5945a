/** Options of networks and endpoints (`-o`, `--driver-opt`), in Docker's words, and what they say. Pure. */
import { invalid } from "../../lib/errors.ts";
import { nearest } from "../../lib/nearest.ts";
import type { GatewayMode } from "../firewall/index.ts";
import { familyName, readAddress } from "../ipam/ip.ts";
import type { Network, NetworkDriver } from "../types.ts";

export type Options = Readonly<Record<string, string>>;

/** For every driver with links. */
export const CommonOption = {
  mtu: "com.docker.network.driver.mtu",
  prefix: "com.docker.network.container_iface_prefix",
  enableIPv4: "com.docker.network.enable_ipv4",
  enableIPv6: "com.docker.network.enable_ipv6",
} as const;

export const BridgeOption = {
  name: "com.docker.network.bridge.name",
  icc: "com.docker.network.bridge.enable_icc",
  masquerade: "com.docker.network.bridge.enable_ip_masquerade",
  hostBinding: "com.docker.network.bridge.host_binding_ipv4",
  gatewayMode4: "com.docker.network.bridge.gateway_mode_ipv4",
  gatewayMode6: "com.docker.network.bridge.gateway_mode_ipv6",
  trusted: "com.docker.network.bridge.trusted_host_interfaces",
  inhibit4: "com.docker.network.bridge.inhibit_ipv4",
  default: "com.docker.network.bridge.default_bridge",
  snat4: "com.docker.network.host_ipv4",
  snat6: "com.docker.network.host_ipv6",
} as const;

export const ParentOption = {
  parent: "parent",
  macvlanMode: "macvlan_mode",
  ipvlanMode: "ipvlan_mode",
  ipvlanFlag: "ipvlan_flag",
} as const;

/** `DriverOpts` of an endpoint. Docker's names. */
export const EndpointOption = {
  interfaceName: "com.docker.network.endpoint.ifname",
  sysctls: "com.docker.network.endpoint.sysctls",
} as const;

export const AnnouncementOption = {
  count: "com.docker.network.advertise_addr_nmsgs",
  interval: "com.docker.network.advertise_addr_ms",
} as const;

/** Least and most, and what it is. Docker's, after RFC 5227, section 1.1, and RFC 4861, section 10. */
const ADVERTISING = {
  [AnnouncementOption.count]: [0, 3, "an integer"],
  [AnnouncementOption.interval]: [100, 2000, "integer milliseconds"],
} as const;

const ACCEPTED = [...Object.keys(ADVERTISING), "com.docker.network.generic"];

/** The kernel's names of links have at most 15 bytes, and neither spaces nor slashes. */
const LINK_NAME = /^(?!\.{1,2}$)[^\s/:]{1,15}$/;
/** A number is put behind it. */
const LINK_PREFIX = /^[^\s/:]{1,12}$/;
const GATEWAY_MODES: readonly GatewayMode[] = ["nat", "nat-unprotected", "routed", "isolated"];

export interface AnnouncementSettings {
  /** 0: the neighbours find out for themselves. */
  readonly count: number;
  /** Milliseconds. */
  readonly interval: number;
}

/** How often the neighbours on a network with these options are told of a new container's hardware address. */
export const announcementSettings = (options: Options): AnnouncementSettings => ({
  count: Number(options[AnnouncementOption.count] ?? 3),
  interval: Number(options[AnnouncementOption.interval] ?? 1000),
});

export interface BridgeSettings {
  readonly icc: boolean;
  readonly masquerade: boolean;
  /** Host address that ports are published on when none is given; empty for the engine's default. */
  readonly hostBinding: string;
  readonly gatewayMode4: GatewayMode;
  readonly gatewayMode6: GatewayMode;
  readonly trustedInterfaces: readonly string[];
  /** The bridge has no IPv4 address. */
  readonly inhibitIPv4: boolean;
  readonly snat4: string | undefined;
  readonly snat6: string | undefined;
}

/** @throws `invalid` with Docker's texts for a value that is none */
export function bridgeSettings(options: Options, internal: boolean): BridgeSettings {
  const [gatewayMode4, gatewayMode6] = ([BridgeOption.gatewayMode4, BridgeOption.gatewayMode6] as const).map((label) =>
    gatewayMode(options, label, internal),
  ) as [GatewayMode, GatewayMode];
  return {
    icc: flagOption(options, BridgeOption.icc, true),
    masquerade: flagOption(options, BridgeOption.masquerade, true),
    hostBinding: addressOption(options, BridgeOption.hostBinding) ?? "",
    gatewayMode4,
    gatewayMode6,
    trustedInterfaces: (options[BridgeOption.trusted] ?? "").split(":").filter((name) => name !== ""),
    inhibitIPv4: flagOption(options, BridgeOption.inhibit4, false),
    snat4: addressOption(options, BridgeOption.snat4, 4),
    snat6: addressOption(options, BridgeOption.snat6, 6),
  };
}

function gatewayMode(options: Options, label: string, internal: boolean): GatewayMode {
  const value = options[label] || "nat";
  const mode = GATEWAY_MODES.find((known) => known === value);
  if (mode === undefined) {
    const hint = `the gateway modes are ${GATEWAY_MODES.join(", ")}`;
    throw badValue(label, value, `unknown gateway mode ${value}`, hint);
  }
  if (mode === "isolated" && !internal) {
    throw invalid("gateway mode 'isolated' can only be used for an internal network", "CTR_NETWORK_OPTION_INVALID");
  }
  return mode;
}

/** Bytes; undefined when the option is not given. 0 stands for the driver's default, as in Docker. */
export function mtuOption(options: Options): number | undefined {
  const value = options[CommonOption.mtu];
  if (value === undefined || value === "" || value === "0") return undefined;
  if (/^-\d+$/.test(value)) throw invalid(`invalid MTU number: ${value}`, "CTR_MTU_INVALID");
  if (!/^\d+$/.test(value)) {
    throw badValue(CommonOption.mtu, value, `strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`);
  }
  checkMtu(Number(value));
  return Number(value);
}

/** @throws `invalid` */
export function checkMtu(mtu: number | undefined): void {
  if (mtu === undefined) return;
  // 68 is the least that IPv4 works with (RFC 791), 65535 the most that a veth takes.
  if (!Number.isInteger(mtu) || mtu < 68 || mtu > 65535) {
    throw invalid(`invalid mtu ${mtu}: it must be from 68 to 65535`, "CTR_MTU_INVALID");
  }
}

/** @throws `invalid` with Docker's texts */
export function checkAdvertising(options: Options): void {
  for (const [label, [least, most, kind]] of Object.entries(ADVERTISING)) {
    const value = options[label];
    if (value === undefined) continue;
    if (!/^[+-]?\d+$/.test(value)) {
      throw invalid(`value for option ${label} ${JSON.stringify(value)} must be ${kind}`, "CTR_NETWORK_OPTION_INVALID");
    }
    if (Number(value) < least || Number(value) > most) {
      throw invalid(`${label} must be in the range ${least} to ${most}`, "CTR_NETWORK_OPTION_INVALID");
    }
  }
}

/** The letters before the number in the names of the containers' links. */
export function prefixOption(options: Options): string {
  const prefix = options[CommonOption.prefix] || "eth";
  if (!LINK_PREFIX.test(prefix)) throw badValue(CommonOption.prefix, prefix, "no prefix of a link's name");
  return prefix;
}

/** @throws `invalid` */
export function bridgeNameOption(options: Options): string | undefined {
  const name = options[BridgeOption.name];
  if (name === undefined || name === "") return undefined;
  if (!LINK_NAME.test(name))
    throw badValue(BridgeOption.name, name, "a link's name has 1 to 15 characters, no spaces, no / and no :");
  return name;
}

/** The name of an endpoint's link that the user gave. @throws `invalid` */
export function interfaceNameOption(options: Options): string | undefined {
  const name = options[EndpointOption.interfaceName];
  if (name === undefined || name === "") return undefined;
  if (!LINK_NAME.test(name) || name === "lo") {
    throw badValue(
      EndpointOption.interfaceName,
      name,
      "a link's name has 1 to 15 characters, no spaces, no / and no :",
    );
  }
  return name;
}

/** A parameter of one interface, below /proc/sys. */
export interface InterfaceSysctl {
  /** `net/ipv4/conf/IFNAME/log_martians`. */
  readonly name: string;
  readonly value: string;
}

/** docker's CLI writes keys of options in lower case. */
const SYSCTL = /^(net\.(?:ipv4|ipv6|mpls)\.(?:conf|neigh)\.)(?:IFNAME|ifname)(\.[a-z0-9_]+)$/;

/** @throws `invalid` */
export function sysctlsOption(options: Options): InterfaceSysctl[] {
  const text = options[EndpointOption.sysctls] ?? "";
  return text
    .split(",")
    .filter((part) => part !== "")
    .map((part) => {
      const at = part.indexOf("=");
      const name = part.slice(0, Math.max(at, 0)).trim();
      const [, family, parameter] = SYSCTL.exec(name) ?? [];
      if (family === undefined || parameter === undefined) {
        throw invalid(
          `invalid endpoint settings:\nunrecognised network interface sysctl '${part}'; represent 'net.X.Y.ethN.Z=V' ` +
            "as 'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'",
          {
            code: "CTR_NETWORK_OPTION_INVALID",
            hint: "write for example net.ipv4.conf.IFNAME.log_martians=1, with IFNAME as it stands",
          },
        );
      }
      return { name: `${family}IFNAME${parameter}`.replaceAll(".", "/"), value: part.slice(at + 1).trim() };
    });
}

/** Go's strconv.ParseBool, as Docker reads flags. */
export function flagOption(options: Options, label: string, absent: boolean): boolean {
  const value = options[label];
  if (value === undefined || value === "") return absent;
  if (["1", "t", "T", "TRUE", "true", "True"].includes(value)) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(value)) return false;
  throw badValue(label, value, `strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
}

function addressOption(options: Options, label: string, family?: 4 | 6): string | undefined {
  const value = options[label];
  if (value === undefined || value === "") return undefined;
  const address = readAddress(value);
  if (address === undefined || (family !== undefined && address.family !== family)) {
    throw badValue(label, value, "nil ip", `write an ${family === undefined ? "IP" : familyName(family)} address`);
  }
  return value;
}

const badValue = (label: string, value: string, reason: string, hint?: string) =>
  invalid(`failed to parse ${label} value: ${value} (${reason})`, { code: "CTR_NETWORK_OPTION_INVALID", hint });

const KNOWN: Readonly<Record<NetworkDriver, readonly string[]>> = {
  bridge: [...Object.values(CommonOption), ...Object.values(BridgeOption), ...ACCEPTED],
  macvlan: [...Object.values(CommonOption), ParentOption.parent, ParentOption.macvlanMode, ...ACCEPTED],
  ipvlan: [
    ...Object.values(CommonOption),
    ParentOption.parent,
    ParentOption.ipvlanMode,
    ParentOption.ipvlanFlag,
    ...ACCEPTED,
  ],
  host: [],
  null: [],
};

/** Docker ignores options that it does not know without a word. @returns a warning for each */
export function unknownOptions(driver: NetworkDriver, options: Options): string[] {
  return Object.keys(options)
    .filter((label) => !KNOWN[driver].includes(label))
    .map((label) => {
      const meant = nearest(label, KNOWN[driver]);
      const hint = meant === undefined ? "" : `, do you mean ${meant}?`;
      return `the ${driver} driver has no option ${label}; it is ignored${hint}`;
    });
}

/** What a bridge network's options say. */
export const settingsOf = (network: Pick<Network, "options" | "internal">): BridgeSettings =>
  bridgeSettings(network.options, network.internal);
