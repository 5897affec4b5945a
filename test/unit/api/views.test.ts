import assert from "node:assert/strict";
import type { Endpoint } from "../../../netns/index.ts";
import { containerInspect } from "../../../runtime/api/views/container-inspect.ts";
import { commandText, containerSummary } from "../../../runtime/api/views/container-summary.ts";
import { eventView } from "../../../runtime/api/views/event.ts";
import { execInspect } from "../../../runtime/api/views/exec.ts";
import { imageInspect, imageSummary } from "../../../runtime/api/views/images.ts";
import { mountPoints } from "../../../runtime/api/views/mounts.ts";
import { networkView } from "../../../runtime/api/views/networks.ts";
import { portMap, portSummaries } from "../../../runtime/api/views/ports.ts";
import { registryView } from "../../../runtime/api/views/registries.ts";
import { statusText } from "../../../runtime/api/views/status.ts";
import { exposureWarnings, infoForVersion, type infoView } from "../../../runtime/api/views/system.ts";
import { processTable } from "../../../runtime/api/views/top.ts";
import type { Container } from "../../../runtime/types.ts";
import { BRIDGE, CONTAINER_ID, container, ENDPOINT, IMAGE_ID, image, NETWORK_ID } from "./records.ts";

const NOW = Date.parse("2026-01-01T00:05:01Z");
const ENDED: Partial<Container> = {
  status: "exited",
  exitCode: 137,
  pid: 0,
  ports: [],
  finishedAt: "2026-01-01T00:00:03.000000000Z",
};

describe("statusText", () => {
  const cases: readonly (readonly [string, Partial<Container>])[] = [
    ["Up 5 minutes", {}],
    ["Up 5 minutes (Paused)", { status: "paused" }],
    ["Up 5 minutes (health: starting)", { health: { status: "starting", failingStreak: 0, log: [] } }],
    ["Up 5 minutes (unhealthy)", { health: { status: "unhealthy", failingStreak: 3, log: [] } }],
    ["Exited (137) 4 minutes ago", ENDED],
    ["Created", { status: "created", startedAt: "0001-01-01T00:00:00Z" }],
    ["Restarting (1) 4 minutes ago", { status: "restarting", exitCode: 1, finishedAt: "2026-01-01T00:00:03Z" }],
    ["Removal In Progress", { status: "removing" }],
    ["Dead", { status: "dead" }],
  ];
  for (const [text, change] of cases) {
    it(`says ${text}`, () => assert.equal(statusText(container(change), NOW), text));
  }
});

describe("ports", () => {
  it("lists published ports and those only exposed", () => {
    assert.deepEqual(portSummaries(container()), [
      { PrivatePort: 443, Type: "tcp" },
      { IP: "0.0.0.0", PrivatePort: 80, PublicPort: 8080, Type: "tcp" },
    ]);
  });

  it("maps them, several bindings of one port too", () => {
    const ports = [
      { protocol: "tcp", containerPort: 80, hostIp: "0.0.0.0", hostPort: 8080 },
      { protocol: "tcp", containerPort: 80, hostIp: "127.0.0.1", hostPort: 81 },
      { protocol: "udp", containerPort: 53, hostIp: "::", hostPort: 53 },
    ] as const;
    assert.deepEqual(portMap(container({ ports })), {
      "80/tcp": [
        { HostIp: "0.0.0.0", HostPort: "8080" },
        { HostIp: "127.0.0.1", HostPort: "81" },
      ],
      "443/tcp": null,
      "53/udp": [{ HostIp: "::", HostPort: "53" }],
    });
  });

  it("shows none of a container that does not run", () => {
    assert.deepEqual([portSummaries(container(ENDED)), portMap(container(ENDED))], [[], {}]);
  });
});

describe("info", () => {
  const commit = { ID: "1.1.5" };
  const info = {
    ...{ ContainerdCommit: { ID: "" }, RuncCommit: commit, InitCommit: { ID: "" } },
    ...{ FirewallBackend: { Driver: "nftables" }, Name: "host" },
  } as ReturnType<typeof infoView>;

  it("has the fields that each version of the API knows", () => {
    const { RuncCommit, FirewallBackend, ...newest } = infoForVersion(info, 50) as typeof info;
    assert.deepEqual([RuncCommit, FirewallBackend.Driver], [commit, "nftables"]);
    assert.equal("BridgeNfIptables" in newest, false);
    assert.equal("BridgeNfIptables" in infoForVersion(info, 49), true);
    const older = infoForVersion(info, 48) as typeof info;
    assert.deepEqual(older.RuncCommit, { ...commit, Expected: commit.ID });
    assert.equal("FirewallBackend" in older, false);
  });

  it("warns of an API that listens on TCP", () => {
    const [warning = "", ...others] = exposureWarnings(["unix:///run/ctr/ctr.sock", "tcp://0.0.0.0:2375"]);
    assert.match(warning, /^WARNING: API is accessible on http:\/\/0\.0\.0\.0:2375 without encryption\./);
    assert.deepEqual(others, []);
  });
});

describe("mountPoints", () => {
  it("shows binds and mounts", () => {
    const hostConfig = {
      Binds: ["/a:/b", "/c:/d:ro,rshared"],
      Mounts: [{ Type: "bind", Source: "/e", Target: "/f", ReadOnly: true }],
    } as const;
    const common = { Type: "bind", Mode: "", RW: true, Propagation: "rprivate" };
    assert.deepEqual(mountPoints(container({ hostConfig })), [
      { ...common, Source: "/a", Destination: "/b" },
      { ...common, Source: "/c", Destination: "/d", Mode: "ro,rshared", RW: false, Propagation: "rshared" },
      { ...common, Source: "/e", Destination: "/f", RW: false },
    ]);
  });
});

describe("containerSummary", () => {
  const context = { endpoints: [ENDPOINT], linkNames: [], version: 51, imageIdOfName: IMAGE_ID, now: NOW };

  it("has the fields of docker ps", () => {
    const row = containerSummary(container(), context);
    assert.deepEqual(
      [row.Id, row.Names, row.Image, row.ImageID, row.Command, row.Created, row.State, row.Status],
      [CONTAINER_ID, ["/web"], "busybox", IMAGE_ID, "httpd -f", 1767225600, "running", "Up 5 minutes"],
    );
    assert.deepEqual([row.Labels, row.Mounts, row.HostConfig], [{}, [], { NetworkMode: "bridge" }]);
    assert.equal(row.NetworkSettings.Networks["bridge"]?.IPAddress, "172.17.0.2");
    const [front] = Object.values(
      containerSummary(container(), { ...context, endpoints: [{ ...ENDPOINT, networkName: "front" }] }).NetworkSettings
        .Networks,
    );
    assert.equal(front?.DNSNames, null);
    assert.equal("SizeRw" in row, false);
  });

  it("shows the image's id when the name means another image now, or none", () => {
    for (const imageIdOfName of [undefined, `sha256:${"2".repeat(64)}`]) {
      assert.equal(containerSummary(container(), { ...context, imageIdOfName }).Image, IMAGE_ID);
    }
  });

  it("shows the names of links, and annotations since API 1.46", () => {
    const hostConfig = { NetworkMode: "front", Annotations: { a: "b" } };
    const rowOf = (version: number) =>
      containerSummary(container({ hostConfig }), { ...context, version, linkNames: ["/app/web"] });
    assert.deepEqual(rowOf(51).Names, ["/web", "/app/web"]);
    assert.deepEqual(rowOf(46).HostConfig, hostConfig);
    assert.deepEqual(rowOf(45).HostConfig, { NetworkMode: "front" });
  });

  it("puts arguments with spaces in quotes", () => {
    assert.equal(commandText(container({ path: "sh", args: ["-c", "echo hi"] })), "sh -c 'echo hi'");
  });
});

describe("containerInspect", () => {
  const inspect = (change: Partial<Container> = {}, endpoint: Partial<Endpoint> = {}) =>
    containerInspect(container(change), {
      endpoints: [{ ...ENDPOINT, ...endpoint }],
      version: 51,
      files: { hostnamePath: "/c/hostname", hostsPath: "/c/hosts", resolvConfPath: "/c/resolv.conf" },
      links: ["/db:/web/db"],
      sandboxKey: "/run/ctr/netns/x",
      execIds: [],
      runtime: "runc",
    });

  it("has the state of a container that runs", () => {
    const { State, Name, Image, Path, Args, ExecIDs, LogPath, HostsPath } = inspect();
    assert.deepEqual([State.Status, State.Running, State.Pid, State.OOMKilled], ["running", true, 42, false]);
    assert.deepEqual([Name, Image, Path, Args, ExecIDs], ["/web", IMAGE_ID, "httpd", ["-f"], null]);
    assert.deepEqual([LogPath, HostsPath], ["/data/containers/c0ffee/container.log", "/c/hosts"]);
  });

  it("has the flat network fields of the default bridge, and the map", () => {
    const { NetworkSettings } = inspect();
    assert.equal(NetworkSettings.IPAddress, "172.17.0.2");
    assert.equal(NetworkSettings.Gateway, "172.17.0.1");
    assert.equal(NetworkSettings.IPPrefixLen, 16);
    assert.equal(NetworkSettings.MacAddress, "02:42:ac:11:00:02");
    assert.equal(NetworkSettings.Networks["bridge"]?.NetworkID, NETWORK_ID);
    assert.equal(NetworkSettings.SandboxKey, "/run/ctr/netns/x");
  });

  it("shows no address of a container that does not run", () => {
    const { NetworkSettings, State } = inspect(ENDED);
    assert.deepEqual([State.Running, State.ExitCode], [false, 137]);
    assert.equal(NetworkSettings.IPAddress, "");
    assert.equal(NetworkSettings.Networks["bridge"]?.EndpointID, "");
    assert.equal(NetworkSettings.Networks["bridge"]?.NetworkID, NETWORK_ID);
  });

  it("shows the MAC address that was asked for on the main network", () => {
    const mac = "02:42:ac:11:00:42";
    const { Config } = inspect({ hostConfig: { NetworkMode: "bridge" } }, { asked: { mac } });
    assert.equal(Config.MacAddress, mac);
  });

  it("shows fields of an endpoint without content as they were given: empty, or not at all", () => {
    const fieldsOf = (change: Parameters<typeof inspect>[1]) => {
      const { IPAMConfig, Aliases, DriverOpts } = inspect({}, change).NetworkSettings.Networks["bridge"] ?? {};
      return [IPAMConfig, Aliases, DriverOpts];
    };
    assert.deepEqual(fieldsOf({}), [null, null, null]);
    assert.deepEqual(fieldsOf({ givenEmpty: ["IPAMConfig", "Aliases", "DriverOpts"] }), [{}, [], {}]);
    assert.deepEqual(fieldsOf({ aliases: ["www"], givenEmpty: ["Aliases"] }), [null, ["www"], null]);
  });

  it("shows the MAC address that was asked for on a network that is not there yet", () => {
    const macAddress = "02:42:ac:11:00:42";
    const awaited = { containerId: CONTAINER_ID, containerName: "web", network: "later", macAddress };
    const { Config } = inspect({ hostConfig: { NetworkMode: "later" }, awaitedNetworks: [awaited] });
    assert.equal(Config.MacAddress, macAddress);
  });

  it("fills in what clients read of HostConfig and Config", () => {
    const { HostConfig, Config } = inspect({ hostConfig: { Memory: 64 << 20 } });
    assert.deepEqual([HostConfig.Memory, HostConfig.MemorySwap, HostConfig.PidsLimit], [64 << 20, 0, null]);
    assert.deepEqual(HostConfig.RestartPolicy, { Name: "no", MaximumRetryCount: 0 });
    assert.deepEqual(HostConfig.LogConfig, { Type: "json-file", Config: {} });
    assert.deepEqual([HostConfig.NetworkMode, HostConfig.ShmSize], ["bridge", 67108864]);
    assert.deepEqual([Config.Labels, Config.Env, Config.Entrypoint, Config.Tty], [{}, [], null, false]);
  });
});

describe("image views", () => {
  it("has the fields of docker images", () => {
    const row = imageSummary(image(), 51);
    assert.deepEqual([row.Id, row.RepoTags, row.Size, row.Labels], [IMAGE_ID, ["busybox:latest"], 1_234_567, {}]);
    assert.equal("VirtualSize" in row, false);
    assert.equal(imageSummary(image(), 43).VirtualSize, 1_234_567);
  });

  it("names an image without a name as each API version does", () => {
    const unnamed = image({ repoTags: [] });
    assert.deepEqual(imageSummary(unnamed, 51).RepoTags, []);
    assert.deepEqual(imageSummary(unnamed, 42).RepoTags, ["<none>:<none>"]);
  });

  it("inspects", () => {
    const view = imageInspect(image(), 51);
    assert.deepEqual([view.Os, view.Architecture, view.Config.Cmd], ["linux", "amd64", ["sh"]]);
    assert.deepEqual(view.RootFS, { Type: "layers", Layers: ["sha256:a", "sha256:b"] });
  });
});

describe("networkView", () => {
  it("calls the bridge's own address the gateway when containers leave by another, as Docker", () => {
    const subnet = { subnet: "10.88.0.0/16", gateway: "10.88.0.9", auxAddresses: { DefaultGatewayIPv4: "10.88.0.1" } };
    const [config] = networkView({ ...BRIDGE, subnets: [subnet] }).IPAM.Config ?? [];
    assert.deepEqual(config, {
      Subnet: "10.88.0.0/16",
      Gateway: "10.88.0.1",
      AuxiliaryAddresses: { DefaultGatewayIPv4: "10.88.0.9" },
    });
  });

  it("shows pool and attached containers", () => {
    const view = networkView(BRIDGE, [{ endpoint: ENDPOINT, containerName: "web" }]);
    assert.deepEqual(view.IPAM.Config, [{ Subnet: "172.17.0.0/16", Gateway: "172.17.0.1" }]);
    assert.deepEqual(view.Containers, {
      [CONTAINER_ID]: {
        Name: "web",
        EndpointID: ENDPOINT.id,
        MacAddress: "02:42:ac:11:00:02",
        IPv4Address: "172.17.0.2/16",
        IPv6Address: "",
      },
    });
  });
});

describe("eventView", () => {
  it("adds the old flat fields", () => {
    const event = {
      Type: "container",
      Action: "start",
      Actor: { ID: CONTAINER_ID, Attributes: { image: "busybox", name: "web" } },
      scope: "local",
      time: 1,
      timeNano: 1e9,
    } as const;
    assert.deepEqual(eventView(event), { status: "start", id: CONTAINER_ID, from: "busybox", ...event });
  });
});

describe("execInspect", () => {
  it("tells running from ended", () => {
    const state = {
      id: "x",
      containerId: CONTAINER_ID,
      running: false,
      exitCode: 3,
      pid: 0,
      request: { Cmd: ["a", "b"] },
    };
    const view = execInspect(state);
    assert.deepEqual([view.Running, view.ExitCode, view.CanRemove], [false, 3, true]);
    assert.deepEqual([view.ProcessConfig.entrypoint, view.ProcessConfig.arguments], ["a", ["b"]]);
  });
});

describe("processTable", () => {
  const output = "UID   PID  CMD\nroot    1  init\nroot   42  httpd -f -p 80\n";

  it("keeps the container's rows, and spaces in the last column", () => {
    assert.deepEqual(processTable(output, new Set([42])), {
      Titles: ["UID", "PID", "CMD"],
      Processes: [["root", "42", "httpd -f -p 80"]],
    });
  });

  it("needs the PID column", () => {
    assert.throws(() => processTable("CMD\ninit\n", new Set([1])), { message: "Couldn't find PID field in ps output" });
  });
});

describe("registryView", () => {
  it("lists networks and registries that may be asked without TLS", () => {
    const { InsecureRegistryCIDRs, IndexConfigs } = registryView(["registry.lan:5000", "10.1.0.0/16"]);
    assert.deepEqual(InsecureRegistryCIDRs, ["10.1.0.0/16", "::1/128", "127.0.0.0/8"]);
    assert.deepEqual(
      Object.values(IndexConfigs).map(({ Name, Secure }) => [Name, Secure]),
      [
        ["docker.io", true],
        ["registry.lan:5000", false],
      ],
    );
  });
});
