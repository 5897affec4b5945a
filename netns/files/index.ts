/** The files that name a container and its surroundings: `/etc/hostname`, `/etc/hosts`, `/etc/resolv.conf`. */

export { hostnameFile } from "./hostname.ts";
export { type ExtraHost, type HostsFile, hostsFile, parseExtraHost } from "./hosts.ts";
export { type HostResolvConf, type ResolvConfRequest, readHostResolvConf, resolvConf } from "./resolv-conf.ts";
