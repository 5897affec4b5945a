/** The options of `run` and `create` that describe the container. */
import { bytes, integer, list, single, text, toggle } from "../../flags/options.ts";
import { parseDeviceRule } from "./devices.ts";
import { parseEnvironmentVariable } from "./environment.ts";
import { GROUP_LIMIT_OPTIONS } from "./limit-options.ts";
import { parseMount } from "./mounts.ts";
import { parseNetworkRate } from "./net-rate.ts";
import { parseNetwork } from "./networks.ts";
import {
  checkExtraHost,
  parseDnsServer,
  parseKeyValue,
  parseLink,
  parseRestartPolicy,
  parseSearchDomain,
  parseStream,
  parseTmpfs,
  parseUlimit,
  parseWait,
} from "./values.ts";

/** Read as milliseconds. */
const duration = (help: string) => single({ value: "duration", help, parse: parseWait });

const PROCESS_OPTIONS = {
  attach: list({ short: "a", help: "Attach to STDIN, STDOUT or STDERR", parse: parseStream }),
  interactive: toggle({ short: "i", help: "Keep STDIN open even if not attached" }),
  tty: toggle({ short: "t", help: "Allocate a pseudo-TTY" }),
  env: list({
    short: "e",
    help: "Set an environment variable: NAME=value, or NAME to pass yours on",
    parse: parseEnvironmentVariable,
  }),
  "env-file": list({ help: "Read environment variables from a file" }),
  user: text({ short: "u", help: "Name or number of the user, and the group: user[:group]" }),
  workdir: text({ short: "w", help: "Working directory inside the container" }),
  entrypoint: text({ help: "Program to run instead of the image's own; empty for none" }),
  init: toggle({ help: "Run an init inside the container that forwards signals and reaps processes" }),
  "stop-signal": text({ help: "Signal that stops the container" }),
  "stop-timeout": integer({ help: "Seconds to wait after the stop signal before it is killed" }),
};

const IDENTITY_OPTIONS = {
  name: text({ help: "Name of the container" }),
  hostname: text({ short: "h", help: "Host name of the container" }),
  domainname: text({ help: "NIS domain name of the container" }),
  label: list({ short: "l", help: "Set a label: key[=value]" }),
  "label-file": list({ help: "Read labels from a file" }),
  cidfile: text({ help: "Write the container's ID to this file" }),
  platform: text({ help: "Platform of the image, os/architecture[/variant]" }),
  pull: text({ help: 'Pull the image before: "always", "missing" (default) or "never"' }),
  quiet: toggle({ short: "q", help: "Do not show the progress of a pull" }),
  rm: toggle({ help: "Remove the container when it exits" }),
  restart: single({
    value: "string",
    help: 'Restart it when it exits: "no" (default), "always", "unless-stopped", "on-failure[:times]"',
    parse: parseRestartPolicy,
  }),
  "log-driver": text({ help: "Where the output is kept: json-file (default) or none" }),
  "log-opt": list({ help: "Option of the log driver: key=value", parse: parseKeyValue }),
};

const HEALTH_OPTIONS = {
  "health-cmd": text({ help: "Command of a shell in the container that says by its exit code whether it is healthy" }),
  "health-interval": duration("Time between two looks at its health (default 30s)"),
  "health-timeout": duration("Time after which a look counts as failed (default 30s)"),
  "health-retries": integer({ help: "Failed looks in a row that make it unhealthy (default 3)" }),
  "health-start-period": duration("Time after its start in which failures do not count (default 0s)"),
  "health-start-interval": duration("Time between two looks in its start period (default 5s)"),
  "no-healthcheck": toggle({ help: "Ignore the image's health check" }),
};

const NETWORK_OPTIONS = {
  publish: list({
    short: "p",
    help: "Publish a port: [[hostIp:]hostPort:]containerPort[/udp|/sctp], or published=…,target=…,policy=loopback",
  }),
  "publish-all": toggle({ short: "P", help: "Publish all exposed ports to ports of the host that are free" }),
  expose: list({ help: "Expose a port or a range of ports" }),
  network: list({
    aliases: ["net"],
    value: "network",
    help: "Network to join: bridge (default), none, host, container:NAME, or a name; many for several networks; with settings of its own: name=front,ip=…,alias=…,gw-priority=1",
    parse: parseNetwork,
  }),
  "network-alias": list({ aliases: ["net-alias"], help: "Further name on the first network" }),
  ip: text({ help: "IPv4 address on the first network (172.30.100.104)" }),
  ip6: text({ help: "IPv6 address on the first network (2001:db8::33)" }),
  "link-local-ip": list({ help: "Link-local address on the first network" }),
  "mac-address": text({ help: "MAC address on the first network (92:d0:c6:0a:29:33)" }),
  link: list({ help: "Know another container by a name: name[:alias]", parse: parseLink }),
  dns: list({ help: "DNS server", parse: parseDnsServer }),
  "dns-option": list({ aliases: ["dns-opt"], help: "DNS option" }),
  "dns-search": list({ help: "DNS search domain; . for none", parse: parseSearchDomain }),
  "add-host": list({
    help: "Add a line to /etc/hosts: name:address, or name:host-gateway for the host's address",
    parse: checkExtraHost,
  }),
};

/** Limits of a container besides those of its group of processes. */
export const PROCESS_LIMIT_OPTIONS = {
  ulimit: list({ value: "ulimit", help: "Resource limit of each process: name=soft[:hard]", parse: parseUlimit }),
  "shm-size": bytes({ help: "Size of /dev/shm (default 64m)" }),
  "net-rate": single({
    value: "rate",
    help: "How fast it may send and receive: 10mbit, or egress=10mbit,ingress=50mbit; none for no limit",
    parse: parseNetworkRate,
  }),
};

const PLACE_OPTIONS = {
  "cgroup-parent": text({
    help: "Group of containers to belong to, by its name (ctr limit groups), or any cgroup of the machine, by its path",
  }),
  cgroupns: text({
    help: "Cgroup namespace: host, or private: it sees its own group as the root (default: host on cgroup v1, private on v2)",
  }),
  device: list({ help: "Give it a device of the host: /dev/sda[:/dev/inside][:rwm]" }),
  "device-cgroup-rule": list({ help: "Allow devices by type and numbers: 'c 189:* rmw'", parse: parseDeviceRule }),
  "storage-opt": list({ help: "Limit of its file system: size=10g (where it lies on xfs with pquota)" }),
  "kernel-memory": {
    ...bytes({ help: "Kernel memory limit" }),
    deprecated: "and no longer supported by the kernel",
  },
};

const ISOLATION_OPTIONS = {
  volume: list({
    short: "v",
    help: "Mount a directory of the host or a volume: /host/path:/path[:ro], name:/path[:ro]",
  }),
  "volumes-from": list({ help: "Mount what another container has: name[:ro]" }),
  mount: list({
    value: "mount",
    help: "Mount: type=bind,source=…,target=…[,readonly], type=volume,source=NAME,target=… or type=tmpfs,target=…",
    parse: parseMount,
  }),
  tmpfs: list({ help: "Mount a tmpfs: /path[:options]", parse: parseTmpfs }),
  "read-only": toggle({ help: "Mount the container's root file system read only" }),
  privileged: toggle({ help: "Give the container all capabilities and devices" }),
  "group-add": list({ help: "Further group of the user: name or number" }),
  "cap-add": list({ help: "Add a capability" }),
  "cap-drop": list({ help: "Drop a capability" }),
  "security-opt": list({ help: "Security option: no-new-privileges, seccomp=FILE, seccomp=unconfined" }),
  sysctl: list({ value: "map", help: "Kernel setting of its namespaces: name=value", parse: parseKeyValue }),
  pid: text({ help: "PID namespace: host for the host's" }),
  uts: text({ help: "UTS namespace: host for the host's" }),
  ipc: text({ help: "IPC mode: private, shareable, host or none" }),
};

export const CONTAINER_OPTIONS = {
  ...IDENTITY_OPTIONS,
  ...HEALTH_OPTIONS,
  ...PROCESS_OPTIONS,
  ...NETWORK_OPTIONS,
  ...GROUP_LIMIT_OPTIONS,
  ...PROCESS_LIMIT_OPTIONS,
  ...PLACE_OPTIONS,
  ...ISOLATION_OPTIONS,
};
