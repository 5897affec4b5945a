/** Records for the tests of the API layer. */
import type { Endpoint, Grant, Network } from "../../../netns/index.ts";
import type { Container, Image } from "../../../runtime/types.ts";

export const CONTAINER_ID = "c0ffee".padEnd(64, "0");
export const IMAGE_ID = `sha256:${"1".repeat(64)}`;
export const NETWORK_ID = "9".repeat(64);

export function container(change: Partial<Container> = {}): Container {
  return {
    id: CONTAINER_ID,
    name: "web",
    imageId: IMAGE_ID,
    imageName: "busybox",
    config: { Image: "busybox", Cmd: ["httpd", "-f"], ExposedPorts: { "80/tcp": {}, "443/tcp": {} } },
    hostConfig: { NetworkMode: "bridge" },
    path: "httpd",
    args: ["-f"],
    created: "2026-01-01T00:00:00.000000000Z",
    status: "running",
    pid: 42,
    exitCode: 0,
    error: "",
    oomKilled: false,
    startedAt: "2026-01-01T00:00:01.000000000Z",
    finishedAt: "0001-01-01T00:00:00Z",
    restartCount: 0,
    ports: [{ protocol: "tcp", containerPort: 80, hostIp: "0.0.0.0", hostPort: 8080 }],
    logPath: "/data/containers/c0ffee/container.log",
    ...change,
  };
}

export function image(change: Partial<Image> = {}): Image {
  return {
    id: IMAGE_ID,
    repoTags: ["busybox:latest"],
    repoDigests: [],
    parent: "",
    comment: "",
    created: "2026-01-01T00:00:00.000000000Z",
    author: "",
    config: { Cmd: ["sh"] },
    platform: { os: "linux", architecture: "amd64" },
    size: 1_234_567,
    layers: ["sha256:a", "sha256:b"],
    ...change,
  };
}

export const BRIDGE: Network = {
  id: NETWORK_ID,
  name: "bridge",
  driver: "bridge",
  created: "2026-01-01T00:00:00.000000000Z",
  enableIPv4: true,
  enableIPv6: false,
  subnets: [{ subnet: "172.17.0.0/16", gateway: "172.17.0.1" }],
  bridge: "ctr0",
  mtu: 1500,
  internal: false,
  attachable: false,
  ipamDriver: "default",
  ipamOptions: {},
  options: {},
  labels: {},
};

export const FRONT: Network = {
  ...BRIDGE,
  id: "8".repeat(64),
  name: "front",
  bridge: "br-888888888888",
  subnets: [{ subnet: "10.7.0.0/24", gateway: "10.7.0.1", ipRange: "10.7.0.128/25", auxAddresses: { r: "10.7.0.9" } }],
  labels: { tier: "front" },
};

export const GRANT: Grant = {
  id: "grant",
  from: { kind: "network", id: FRONT.id, name: "front" },
  to: { kind: "container", id: CONTAINER_ID, name: "web" },
  protocol: "tcp",
  port: 80,
  both: false,
};

export const ENDPOINT: Endpoint = {
  id: "e".repeat(64),
  networkId: NETWORK_ID,
  networkName: "bridge",
  containerId: CONTAINER_ID,
  address: "172.17.0.2",
  prefixLength: 16,
  gateway: "172.17.0.1",
  address6: "",
  prefixLength6: 0,
  gateway6: "",
  macAddress: "02:42:ac:11:00:02",
  interfaceName: "eth0",
  hostInterface: "veth0",
  aliases: [],
  links: [],
  dnsNames: ["web", "c0ffee000000"],
  gatewayPriority: 0,
  driverOptions: {},
  asked: {},
};
