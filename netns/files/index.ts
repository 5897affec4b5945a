/** The files that name a container and its surroundings: `/etc/hostname`, `/etc/hosts`, `/etc/resolv.conf`; links' variables. */

export {
  type DnsSettings,
  type HostResolvConf,
  type NameServerSettings,
  nameServerSettings,
  readHostResolvConf,
} from "./host-resolv-conf.ts";
export { hostnameFile } from "./hostname.ts";
export { type ExtraHost, type HostsFile, type HostsLine, hostsFile, ownHostsLine, parseExtraHost } from "./hosts.ts";
export { type LinkEnvironmentRequest, linkEnvironment } from "./link-environment.ts";
export { type HostsChange, removeHostsNames, renewHostsAddress, updateHosts } from "./live-hosts.ts";
export { type ResolvConfRequest, resolvConf } from "./resolv-conf.ts";
