/** The options of `run` and `create` that describe the container. */
import { bytes, integer, list, single, text, toggle } from "../../flags/options.ts";
import { parseEnvironmentVariable } from "./environment.ts";
import { parseMount } from "./mounts.ts";
import { parseNetwork } from "./networks.ts";
import {
  checkExtraHost,
  parseCpus,
  parseDnsServer,
  parseKeyValue,
  parseLink,
  parseMemorySwap,
  parseRestartPolicy,
  parseSearchDomain,
  parseStream,
  parseTmpfs,
  parseUlimit,
} from "./values.ts";

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
  ulimit: list({ value: "ulimit", help: "Resource limit of the processes: name=soft[:hard]", parse: parseUlimit }),
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

const LIMIT_OPTIONS = {
  memory: bytes({ short: "m", help: "Memory limit" }),
  "memory-swap": single({
    value: "bytes",
    help: "Limit of memory and swap together; -1 for unlimited swap",
    parse: parseMemorySwap,
  }),
  "memory-reservation": bytes({ help: "Memory that is protected under pressure" }),
  cpus: single({ value: "decimal", help: "Number of CPUs, 0.5 is half of one", parse: parseCpus }),
  "cpu-shares": integer({ short: "c", help: "Weight of CPU time among containers (default 1024)" }),
  "cpu-period": integer({ help: "Period of the CPU quota in microseconds" }),
  "cpu-quota": integer({ help: "CPU time per period in microseconds" }),
  "cpuset-cpus": text({ help: "CPUs it may run on: 0-3, 0,1" }),
  "cpuset-mems": text({ help: "Memory nodes it may use: 0-3, 0,1" }),
  "pids-limit": integer({ help: "Limit of processes and threads; -1 for unlimited" }),
  "oom-score-adj": integer({ help: "How readily the kernel kills it when memory runs out, -1000 to 1000" }),
  "shm-size": bytes({ help: "Size of /dev/shm" }),
};

const ISOLATION_OPTIONS = {
  volume: list({ short: "v", help: "Bind mount: /host/path:/container/path[:ro]" }),
  mount: list({
    value: "mount",
    help: "Mount: type=bind,source=…,target=…[,readonly] or type=tmpfs,target=…",
    parse: parseMount,
  }),
  tmpfs: list({ help: "Mount a tmpfs: /path[:options]", parse: parseTmpfs }),
  "read-only": toggle({ help: "Mount the container's root file system read only" }),
  privileged: toggle({ help: "Give the container all capabilities and devices" }),
  "cap-add": list({ help: "Add a capability" }),
  "cap-drop": list({ help: "Drop a capability" }),
  "security-opt": list({ help: "Security option: no-new-privileges, seccomp=FILE, seccomp=unconfined" }),
  sysctl: list({ value: "map", help: "Kernel setting of its namespaces: name=value", parse: parseKeyValue }),
  pid: text({ help: "PID namespace: host for the host's" }),
  uts: text({ help: "UTS namespace: host for the host's" }),
  ipc: text({ help: "IPC mode: private, shareable, host or none" }),
  cgroupns: text({ help: "Cgroup namespace: host or private" }),
};

export const CONTAINER_OPTIONS = {
  ...IDENTITY_OPTIONS,
  ...PROCESS_OPTIONS,
  ...NETWORK_OPTIONS,
  ...LIMIT_OPTIONS,
  ...ISOLATION_OPTIONS,
};
