/** The network's part of the settings of `ctrd`: dockerd's flags and keys, and what the network layer takes. */
import { boolean, listOf, type SettingsOf, text } from "../../lib/config/settings.ts";
import { invalid } from "../../lib/errors.ts";
import type { NetworkConfig } from "../../netns/index.ts";
import { list, single, toggle, type Values } from "../flags/options.ts";
import {
  ADDRESS,
  ADDRESS_4,
  ADDRESS_6,
  ADDRESS_POOL,
  BRIDGE,
  CIDR_4,
  CIDR_6,
  DRIVER_OPTIONS,
  type DriverOptions,
  FIREWALL_BACKEND,
  PUBLISH_POLICY,
  parseAddressPool,
  parseDriverOption,
} from "./network-values.ts";
import { flagValue, MTU } from "./values.ts";

const checked = (setting: typeof ADDRESS, words: { readonly help: string; readonly short?: string }) =>
  single({ value: "string", ...words, parse: (value) => flagValue(setting, value) });

export const NETWORK_OPTIONS = {
  bip: checked(CIDR_4, { help: "Address of the default bridge with its prefix length: 172.20.0.1/16" }),
  bip6: checked(CIDR_6, { help: "IPv6 address of the default bridge with its prefix length: fd00:20::1/64" }),
  bridge: checked(BRIDGE, {
    short: "b",
    help: "Existing bridge that the default network uses; none for no default network",
  }),
  "fixed-cidr": checked(CIDR_4, { help: "Range of the default bridge that containers get addresses from" }),
  "fixed-cidr-v6": checked(CIDR_6, { help: "IPv6 range of the default bridge that containers get addresses from" }),
  "default-gateway": checked(ADDRESS_4, { help: "Gateway of containers on the default bridge" }),
  "default-gateway-v6": checked(ADDRESS_6, { help: "IPv6 gateway of containers on the default bridge" }),
  "default-address-pool": list({
    value: "pool",
    help: "Range that new networks are cut from: base=10.200.0.0/16,size=24",
    parse: parseAddressPool,
  }),
  "default-network-opt": list({
    value: "option",
    help: "Default of a network option: bridge=com.docker.network.driver.mtu=1400",
    parse: parseDriverOption,
  }),
  mtu: single({
    value: "int",
    help: "MTU of the default bridge (default: the uplink's)",
    parse: (value) => flagValue(MTU, Number(value)),
  }),
  icc: toggle({ initial: true, help: "Let containers on the default bridge reach each other" }),
  ip: checked(ADDRESS, { help: "Host address that ports of the default bridge are published on (default: all)" }),
  "publish-policy": single({
    value: "string",
    help: "Who reaches published ports: all, loopback, or hostfw: the host's own input firewall decides (default all)",
    parse: (value) => flagValue(PUBLISH_POLICY, value),
  }),
  "host-gateway-ip": list({
    value: "ip",
    help: "Address that host-gateway stands for in --add-host (default: the default bridge's)",
    parse: (value) => flagValue(ADDRESS, value),
  }),
  ipv6: toggle({ help: "Give the default bridge IPv6" }),
  "ip-forward": toggle({ initial: true, help: "Switch IP forwarding of the host on" }),
  "ip-masq": toggle({ initial: true, help: "Masquerade what leaves the default bridge" }),
  iptables: toggle({ initial: true, help: "Make IPv4 firewall rules, whichever the backend" }),
  ip6tables: toggle({ initial: true, help: "Make IPv6 firewall rules, whichever the backend" }),
  "firewall-backend": single({
    value: "string",
    help: "What firewall rules are made with: nftables or iptables (default nftables)",
    parse: (value) => flagValue(FIREWALL_BACKEND, value),
  }),
  "allow-direct-routing": toggle({
    help: "Let other hosts reach published ports at the containers' own addresses, too",
  }),
  "userland-proxy": toggle({
    initial: true,
    help: "Pass traffic on in user space where the kernel cannot: [::1], IPv6 to containers without it",
  }),
  dns: list({ help: "DNS server of containers", parse: (value) => flagValue(ADDRESS, value) }),
  "dns-opt": list({ help: "DNS option of containers" }),
  "dns-search": list({ help: "DNS search domain of containers" }),
};

const texts = (words: string) => listOf(text(), words);

/** Keys of `daemon.json`. */
export const NETWORK_SCHEMA = {
  bip: CIDR_4,
  bip6: CIDR_6,
  bridge: BRIDGE,
  "fixed-cidr": CIDR_4,
  "fixed-cidr-v6": CIDR_6,
  "default-gateway": ADDRESS_4,
  "default-gateway-v6": ADDRESS_6,
  "default-address-pools": listOf(ADDRESS_POOL, `a list of pools, each ${ADDRESS_POOL.words}`),
  "default-network-opts": DRIVER_OPTIONS,
  mtu: MTU,
  icc: boolean,
  ip: ADDRESS,
  "publish-policy": PUBLISH_POLICY,
  "host-gateway-ips": listOf(ADDRESS, "a list of IP addresses"),
  ipv6: boolean,
  "ip-forward": boolean,
  "ip-masq": boolean,
  iptables: boolean,
  ip6tables: boolean,
  "firewall-backend": FIREWALL_BACKEND,
  "allow-direct-routing": boolean,
  "userland-proxy": boolean,
  dns: listOf(ADDRESS, "a list of IP addresses"),
  "dns-opts": texts("a list of strings"),
  "dns-search": texts("a list of strings"),
};

/** Flags whose key has another name. */
export const NETWORK_KEYS_OF_FLAGS = {
  "default-address-pool": "default-address-pools",
  "default-network-opt": "default-network-opts",
  "host-gateway-ip": "host-gateway-ips",
  "dns-opt": "dns-opts",
} as const;

interface NetworkFlags {
  readonly values: Values<typeof NETWORK_OPTIONS>;
  readonly given: { has(flag: SwitchName): boolean };
}
type NetworkKeys = SettingsOf<typeof NETWORK_SCHEMA>;

/** @throws `invalid` with dockerd's text for settings that exclude each other */
export function networkConfig({ values, given }: NetworkFlags, file: NetworkKeys): NetworkConfig {
  const isOn = (name: SwitchName): boolean | undefined => (given.has(name) ? values[name] : file[name]);
  const config = {
    bip: values.bip ?? file.bip,
    bip6: values.bip6 ?? file.bip6,
    bridge: values.bridge ?? file.bridge,
    fixedCidr: values["fixed-cidr"] ?? file["fixed-cidr"],
    fixedCidrV6: values["fixed-cidr-v6"] ?? file["fixed-cidr-v6"],
    defaultGateway: values["default-gateway"] ?? file["default-gateway"],
    defaultGatewayV6: values["default-gateway-v6"] ?? file["default-gateway-v6"],
    defaultAddressPools: filled(values["default-address-pool"]) ?? file["default-address-pools"],
    defaultNetworkOpts: driverOptions(values["default-network-opt"]) ?? file["default-network-opts"],
    mtu: values.mtu ?? file.mtu,
    icc: isOn("icc"),
    ip: values.ip ?? file.ip,
    publishPolicy: values["publish-policy"] ?? file["publish-policy"],
    hostGatewayIps: filled(values["host-gateway-ip"]) ?? file["host-gateway-ips"],
    ipv6: isOn("ipv6"),
    ipForward: isOn("ip-forward"),
    ipMasq: isOn("ip-masq"),
    iptables: isOn("iptables"),
    ip6tables: isOn("ip6tables"),
    firewallBackend: values["firewall-backend"] ?? file["firewall-backend"],
    allowDirectRouting: isOn("allow-direct-routing"),
    userlandProxy: isOn("userland-proxy"),
    dns: filled(values.dns) ?? file.dns,
    dnsOptions: filled(values["dns-opt"]) ?? file["dns-opts"],
    dnsSearch: filled(values["dns-search"]) ?? file["dns-search"],
  };
  checkTogether(config);
  return withoutUndefined(config);
}

type SwitchName =
  | ("icc" | "ipv6" | "ip-forward" | "ip-masq" | "iptables" | "ip6tables")
  | ("userland-proxy" | "allow-direct-routing");

function checkTogether({ bip, bip6, bridge, icc, iptables }: Readonly<Record<string, unknown>>): void {
  const contradiction = (message: string) => invalid(message, "CTR_CONFIG_INVALID");
  if (bridge !== undefined && (bip !== undefined || bip6 !== undefined)) {
    throw contradiction("You specified -b & --bip, mutually exclusive options. Please specify only one");
  }
  if (iptables === false && icc === false) {
    throw contradiction(
      "You specified --iptables=false with --icc=false. ICC=false uses iptables to function. Please set --icc or --iptables to true",
    );
  }
}

function driverOptions(given: readonly (readonly [string, string, string])[]): DriverOptions | undefined {
  if (given.length === 0) return undefined;
  const byDriver: Record<string, Record<string, string>> = {};
  for (const [driver, option, value] of given) byDriver[driver] = { ...byDriver[driver], [option]: value };
  return byDriver;
}

const filled = <T>(values: readonly T[]): readonly T[] | undefined => (values.length === 0 ? undefined : values);

type Defined<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** What nobody has set is absent: the network layer has its own defaults. */
const withoutUndefined = <T extends object>(values: T): Defined<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
