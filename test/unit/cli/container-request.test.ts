import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { CONTAINER_OPTIONS } from "../../../bin/cli/container/options.ts";
import { createRequest } from "../../../bin/cli/container/request.ts";
import { parseFlags } from "../../../bin/flags/parse.ts";
import type { ContainerCreateRequest } from "../../../runtime/index.ts";

function requestOf(...argv: readonly string[]): ContainerCreateRequest {
  const { values, operands } = parseFlags([...argv, "image"], CONTAINER_OPTIONS, { interspersed: false });
  const [image = "", ...command] = operands;
  return createRequest({ values, image, command, detached: false });
}

const PLAIN = requestOf();

/** What a command line changes in the request: fields of the configuration, and of HostConfig. */
function changesOf(...argv: readonly string[]) {
  const { HostConfig = {}, ...config } = requestOf(...argv);
  const { HostConfig: plainHost = {}, ...plainConfig } = PLAIN;
  return { ...changed(config, plainConfig), ...changed(HostConfig, plainHost) };
}

function changed(after: object, before: object): Record<string, unknown> {
  const old = before as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(after).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(old[key])),
  );
}

const MB = 2 ** 20;
const bound = (HostPort: string, HostIp = "") => [{ HostIp, HostPort }];

const endpoints = (EndpointsConfig: Record<string, object>) => ({ NetworkingConfig: { EndpointsConfig } });

const CASES: readonly (readonly [argv: readonly string[], changes: Record<string, unknown>])[] = [
  [["-i"], { AttachStdin: true, OpenStdin: true, StdinOnce: true }],
  [["-t"], { Tty: true }],
  [["-a", "stdout"], { AttachStderr: false }],
  [
    ["-a", "STDIN", "-i"],
    { AttachStdin: true, AttachStdout: false, AttachStderr: false, OpenStdin: true, StdinOnce: true },
  ],
  [["-h", "box"], { Hostname: "box" }],
  [["--hostname", "box", "--domainname", "example.org"], { Hostname: "box", Domainname: "example.org" }],
  [["-e", "A=1", "-e", "B=x=y"], { Env: ["A=1", "B=x=y"] }],
  [["-u", "1000:1000"], { User: "1000:1000" }],
  [["-w", "/srv"], { WorkingDir: "/srv" }],
  [["--entrypoint", "sh"], { Entrypoint: ["sh"] }],
  [["--entrypoint", ""], { Entrypoint: [""] }],
  [["--stop-signal", "SIGQUIT", "--stop-timeout", "3"], { StopSignal: "SIGQUIT", StopTimeout: 3 }],
  [["-l", "a=b", "--label", "c"], { Labels: { a: "b", c: "" } }],
  [["--expose", "80", "--expose", "90-91/udp"], { ExposedPorts: { "80/tcp": {}, "90/udp": {}, "91/udp": {} } }],
  [["-v", "/data"], { Volumes: { "/data": {} } }],
  [["--health-cmd", "true"], { Healthcheck: { Test: ["CMD-SHELL", "true"] } }],
  [
    ["--health-interval", "1m30s", "--health-timeout=500ms", "--health-retries", "2"],
    { Healthcheck: { Interval: 90e9, Timeout: 5e8, Retries: 2 } },
  ],
  [
    ["--health-start-period", "1s", "--health-start-interval", "2s"],
    { Healthcheck: { StartPeriod: 1e9, StartInterval: 2e9 } },
  ],
  [["--health-cmd", "", "--health-retries", "0"], {}],
  [["--no-healthcheck"], { Healthcheck: { Test: ["NONE"] } }],
  [["--rm"], { AutoRemove: true }],
  [["-v", "/a:/b:ro", "-v", "vol:/c"], { Binds: ["/a:/b:ro", "vol:/c"] }],
  [["-v", "./a:/b"], { Binds: [`${resolve("a")}:/b`] }],
  [["-p", "8080:80"], { PortBindings: { "80/tcp": bound("8080") }, ExposedPorts: { "80/tcp": {} } }],
  [["-p", "127.0.0.1::53/udp"], { PortBindings: { "53/udp": bound("", "127.0.0.1") }, ExposedPorts: { "53/udp": {} } }],
  [
    ["-p", "8000:80", "-p", "8001:80"],
    { PortBindings: { "80/tcp": [...bound("8000"), ...bound("8001")] }, ExposedPorts: { "80/tcp": {} } },
  ],
  [["-P"], { PublishAllPorts: true }],
  [["-m", "64m"], { Memory: 64 * MB }],
  [["-m", "64m", "--memory-swap", "-1"], { Memory: 64 * MB, MemorySwap: -1 }],
  [["--memory-reservation", "32m"], { MemoryReservation: 32 * MB }],
  [["--cpus", "0.5"], { NanoCpus: 5e8 }],
  [
    ["--cpu-shares", "512", "--cpu-period", "50000", "--cpu-quota", "25000"],
    { CpuShares: 512, CpuPeriod: 50000, CpuQuota: 25000 },
  ],
  [["--cpuset-cpus", "0-1", "--cpuset-mems", "0"], { CpusetCpus: "0-1", CpusetMems: "0" }],
  [["--pids-limit", "50"], { PidsLimit: 50 }],
  [["--oom-score-adj", "-5"], { OomScoreAdj: -5 }],
  [["--network", "none"], { NetworkMode: "none" }],
  [["--net=host"], { NetworkMode: "host" }],
  [["--init"], { Init: true }],
  [["--privileged", "--read-only"], { Privileged: true, ReadonlyRootfs: true }],
  [["--cap-add", "NET_ADMIN", "--cap-drop", "ALL"], { CapAdd: ["NET_ADMIN"], CapDrop: ["ALL"] }],
  [["--tmpfs", "/run:size=64k", "--tmpfs", "/tmp"], { Tmpfs: { "/run": "size=64k", "/tmp": "" } }],
  [["--shm-size", "128m"], { ShmSize: 128 * MB }],
  [["--restart", "on-failure:3"], { RestartPolicy: { Name: "on-failure", MaximumRetryCount: 3 } }],
  [["--restart", "always"], { RestartPolicy: { Name: "always", MaximumRetryCount: 0 } }],
  [
    ["--dns", "1.1.1.1", "--dns-search", "lan", "--dns-opt", "ndots:2"],
    { Dns: ["1.1.1.1"], DnsSearch: ["lan"], DnsOptions: ["ndots:2"] },
  ],
  [["--add-host", "db:10.0.0.1", "--add-host", "six=[::1]"], { ExtraHosts: ["db:10.0.0.1", "six:::1"] }],
  [
    ["--mount", "type=bind,src=/a,dst=/b,readonly,bind-propagation=rslave"],
    { Mounts: [{ Type: "bind", Target: "/b", Source: "/a", ReadOnly: true, BindOptions: { Propagation: "rslave" } }] },
  ],
  [
    ["--mount", "type=bind,src=/a,dst=/b,bind-recursive=disabled"],
    { Mounts: [{ Type: "bind", Target: "/b", Source: "/a", BindOptions: { NonRecursive: true } }] },
  ],
  [
    ["--mount", "type=bind,src=/a,dst=/b,ro,bind-recursive=writable"],
    {
      Mounts: [
        { Type: "bind", Target: "/b", Source: "/a", ReadOnly: true, BindOptions: { ReadOnlyNonRecursive: true } },
      ],
    },
  ],
  [
    ["--mount", "type=bind,src=/a,dst=/b,ro,bind-propagation=rprivate,bind-recursive=readonly"],
    {
      Mounts: [
        {
          ...{ Type: "bind", Target: "/b", Source: "/a", ReadOnly: true },
          BindOptions: { Propagation: "rprivate", ReadOnlyForceRecursive: true },
        },
      ],
    },
  ],
  [
    ["--mount", "type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1777"],
    { Mounts: [{ Type: "tmpfs", Target: "/t", TmpfsOptions: { SizeBytes: MB, Mode: 0o1777 } }] },
  ],
  [["--security-opt", "no-new-privileges"], { SecurityOpt: ["no-new-privileges"] }],
  [["--security-opt", "seccomp=unconfined"], { SecurityOpt: ["seccomp=unconfined"] }],
  [["--security-opt", "systempaths=unconfined"], { MaskedPaths: [], ReadonlyPaths: [] }],
  [["--sysctl", "net.ipv4.ip_forward=1"], { Sysctls: { "net.ipv4.ip_forward": "1" } }],
  [
    ["--pid", "host", "--uts", "host", "--ipc", "none", "--cgroupns", "private"],
    { PidMode: "host", UTSMode: "host", IpcMode: "none", CgroupnsMode: "private" },
  ],
  [
    ["--ulimit", "nofile=10:20", "--ulimit", "core=-1"],
    {
      Ulimits: [
        { Name: "nofile", Soft: 10, Hard: 20 },
        { Name: "core", Soft: -1, Hard: -1 },
      ],
    },
  ],
  [["--log-driver", "none", "--log-opt", "a=b"], { LogConfig: { Type: "none", Config: { a: "b" } } }],
  [
    ["--ip", "172.17.0.9"],
    { NetworkingConfig: { EndpointsConfig: { bridge: { IPAMConfig: { IPv4Address: "172.17.0.9" } } } } },
  ],
  [
    ["--mac-address", "92:d0:c6:0a:29:33"],
    { NetworkingConfig: { EndpointsConfig: { bridge: { MacAddress: "92:d0:c6:0a:29:33" } } } },
  ],
  [["--link", "db", "--link", "cache:fast"], { Links: ["db", "cache:fast"] }],
  [["--link", "/db:/web/data"], { Links: ["/db:/web/data"] }],
  [["--network", "bridge", "--link", "db"], { NetworkMode: "bridge", Links: ["db"] }],
  [
    ["--network", "front", "--link", "db:data"],
    { NetworkMode: "front", Links: ["db:data"], ...endpoints({ front: { Links: ["db:data"] } }) },
  ],
  [["--network", "container:web"], { NetworkMode: "container:web" }],
  [["--network", "front"], { NetworkMode: "front" }],
  [["--network", "front", "--ip", ""], { NetworkMode: "front" }],
  [
    ["--network", "front", "--network-alias", "a", "--net-alias", "b", "--ip", "10.1.0.5", "--ip6", "fd00::5"],
    {
      NetworkMode: "front",
      ...endpoints({
        front: { IPAMConfig: { IPv4Address: "10.1.0.5", IPv6Address: "fd00::5" }, Aliases: ["a", "b"] },
      }),
    },
  ],
  [
    ["--network", "one", "--network", "name=two,ip=10.2.0.2", "--ip", "10.1.0.1", "--mac-address", "02:00:00:00:00:02"],
    {
      NetworkMode: "one",
      ...endpoints({
        one: { IPAMConfig: { IPv4Address: "10.1.0.1" }, MacAddress: "02:00:00:00:00:02" },
        two: { IPAMConfig: { IPv4Address: "10.2.0.2" } },
      }),
    },
  ],
  [["--network", "zeta", "--network", "alpha"], { NetworkMode: "zeta", ...endpoints({ zeta: {}, alpha: {} }) }],
  [
    [
      "--network",
      "NAME=Front, alias=A ,alias=b,ip=1.2.3.4,ip6=::1,mac-address=02:00:00:00:00:02,link-local-ip=169.254.1.1,link-local-ip=fe80::1,gw-priority=-3",
    ],
    {
      NetworkMode: "Front",
      ...endpoints({
        Front: {
          IPAMConfig: { IPv4Address: "1.2.3.4", IPv6Address: "::1", LinkLocalIPs: ["169.254.1.1", "fe80::1"] },
          Aliases: ["A", "b"],
          MacAddress: "02:00:00:00:00:02",
          GwPriority: -3,
        },
      }),
    },
  ],
  [
    ["--network", 'name=front,driver-opt=a=b,"driver-opt=com.docker.network.endpoint.sysctls=net.x=1,net.y=2"'],
    {
      NetworkMode: "front",
      ...endpoints({
        front: { DriverOpts: { a: "b", "com.docker.network.endpoint.sysctls": "net.x=1,net.y=2" } },
      }),
    },
  ],
  [["--dns", "2001:db8::53", "--dns-search", "."], { Dns: ["2001:db8::53"], DnsSearch: ["."] }],
  [["--add-host", "me:host-gateway"], { ExtraHosts: ["me:host-gateway"] }],
  [["-p", "[::1]:8080:80"], { PortBindings: { "80/tcp": bound("8080", "::1") }, ExposedPorts: { "80/tcp": {} } }],
  [["-p", "::1:8080:80"], { PortBindings: { "80/tcp": bound("8080", "::1") }, ExposedPorts: { "80/tcp": {} } }],
  [["-p", "9000-9010:80"], { PortBindings: { "80/tcp": bound("9000-9010") }, ExposedPorts: { "80/tcp": {} } }],
  [
    ["-p", "9000-9001:90-91/SCTP"],
    {
      PortBindings: { "90/sctp": bound("9000"), "91/sctp": bound("9001") },
      ExposedPorts: { "90/sctp": {}, "91/sctp": {} },
    },
  ],
  [["--expose", "80/", "--expose", "53/UDP"], { ExposedPorts: { "80/tcp": {}, "53/udp": {} } }],
];

describe("the request of run and create", () => {
  for (const [argv, changes] of CASES) {
    it(`of ${argv.map((word) => (word === "" ? "''" : word)).join(" ")}`, () =>
      assert.deepEqual(changesOf(...argv), changes));
  }

  it("without options asks for nothing but attached output", () => {
    assert.deepEqual(PLAIN, {
      AttachStdin: false,
      AttachStdout: true,
      AttachStderr: true,
      Tty: false,
      OpenStdin: false,
      StdinOnce: false,
      Image: "image",
      Env: [],
      HostConfig: {
        Privileged: false,
        ReadonlyRootfs: false,
        NetworkMode: "default",
        PublishAllPorts: false,
        RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
        AutoRemove: false,
      },
    });
  });

  it("attaches nothing when detached, and keeps an open stdin open", () => {
    const { values } = parseFlags(["-i", "image"], CONTAINER_OPTIONS, { interspersed: false });
    const request = createRequest({ values, image: "image", command: ["sh"], detached: true });
    assert.deepEqual(
      [request.AttachStdin, request.AttachStdout, request.OpenStdin, request.StdinOnce, request.Cmd],
      [false, false, true, false, ["sh"]],
    );
  });

  const REFUSED: readonly (readonly [argv: readonly string[], text: RegExp])[] = [
    [["--mount", "type=bind,src=/a,dst=/b,bind-recursive=writable"], /requires 'readonly' to be specified/],
    [["--mount", "type=bind,src=/a,dst=/b,ro,bind-recursive=readonly"], /requires 'bind-propagation=rprivate'/],
    [["--mount", "type=bind,src=/a,dst=/b,bind-recursive=x"], /invalid value for bind-recursive: x/],
    [["--mount", "type=tmpfs,dst=/b,bind-recursive=disabled"], /cannot mix 'bind-\*' options/],
    [["--cpus", "x"], /failed to parse x as a rational number/],
    [["--cpus", "0.00000000001"], /value is too precise/],
    [["-p", "80:http"], /^invalid containerPort: http$/],
    [["--expose", "http"], /invalid range format for --expose: http/],
    [["--network", ""], /^no name set for network$/],
    [["--expose", "http"], /^invalid range format for --expose: http, error: strconv\.ParseUint: parsing "http": inv/],
    [["--expose", ""], /^invalid range format for --expose: , error: empty string specified for ports$/],
    [["--expose", "70000"], /error: strconv\.ParseUint: parsing "70000": value out of range$/],
    [["--expose", "90-80"], /error: invalid range specified for port: 90-80$/],
    [["--expose", "80:80"], /^invalid port format for --expose: 80:80$/],
    [["--network", "front", "--network", "front"], /^network "front" is specified multiple times$/],
    [["--network", "front", "--network", "bridge"], /^conflicting options: cannot attach both user-defined and non-/],
    [["--network", "front", "--network", "container:x"], /^conflicting options: cannot attach both user-defined /],
    [["--network-alias", "a"], /^network-scoped aliases are only supported for user-defined networks$/],
    [["--network", "container:x", "--network-alias", "a"], /^network-scoped aliases are only supported for /],
    [["--network", "name=a,ip=1.1.1.1", "--ip", "2.2.2.2"], /cannot specify both --ip and per-network IPv4 address$/],
    [["--network", "name=a,ip6=::1", "--ip6", "::2"], /cannot specify both --ip6 and per-network IPv6 address$/],
    [
      ["--network", "name=a,alias=b", "--network-alias", "c"],
      /cannot specify both --network-alias and per-network alias/,
    ],
    [
      ["--network", "name=a,mac-address=02:00:00:00:00:01", "--mac-address", "02:00:00:00:00:02"],
      /^conflicting options: cannot specify both --mac-address and per-network MAC address$/,
    ],
    [
      ["--network", "name=a,link-local-ip=169.254.1.1", "--link-local-ip", "169.254.1.2"],
      /cannot specify both --link-local-ip and per-network link-local IP addresses$/,
    ],
    [
      ["--network", "alias=foo"],
      /invalid argument "alias=foo" for "--network" flag: network name\/id is not specified/,
    ],
    [["--network", "name=a,gw-priority=x"], /flag: invalid gw-priority \(x\): invalid syntax$/],
    [["--network", "name=a,bar=x"], /flag: invalid field key bar$/],
    [["--network", "name=a,bar"], /flag: invalid field bar$/],
    [["--network", "name=a,driver-opt=x"], /flag: invalid key value pair format in driver options$/],
    [["--network", 'name=a,"alias=b'], /flag: extraneous or missing " in quoted-field$/],
    [["--mac-address", "xx"], /^xx is not a valid mac address$/],
    [["--network", "name=a,mac-address=zz"], /^zz is not a valid mac address$/],
    [["--link", ""], /invalid argument "" for "--link" flag: empty string specified for links$/],
    [["--link", "a:b:c"], /invalid argument "a:b:c" for "--link" flag: bad format for links: a:b:c$/],
    [["--dns", "foo"], /invalid argument "foo" for "--dns" flag: IP address is not correctly formatted: foo$/],
    [["--dns-search", "a b"], /invalid argument "a b" for "--dns-search" flag: a b is not a valid domain$/],
    [["--dns-search", "1.2"], /flag: 1\.2 is not a valid domain$/],
    [["--dns-search", "-a"], /flag: -a is not a valid domain$/],
    [["-p", "9000-9001:90-92"], /^invalid ranges specified for container and host Ports: 90-92 and 9000-9001$/],
    [["-p", "8080:"], /^no port specified: 8080:<empty>$/],
    [["-p", "1.2.3:80:80"], /^invalid IP address: 1\.2\.3$/],
    [["-p", "80/foo"], /^invalid proto: foo$/],
    [["-a", "foo"], /valid streams are STDIN, STDOUT and STDERR/],
    [["-e", "=x"], /invalid environment variable: =x/],
    [["--env-file", "/nowhere"], /^open \/nowhere: no such file or directory$/],
    [["--add-host", "x"], /bad format for add-host: "x"/],
    [["--add-host", "x:1.2.3"], /invalid IP address in add-host: "1\.2\.3"/],
    [["--ulimit", "x"], /invalid ulimit argument: x/],
    [["--device", "vendor.com/class=name"], /CDI devices are not available in this version: vendor.com\/class=name/],
    [["--ulimit", "x=1"], /invalid ulimit type: x/],
    [["--ulimit", "nofile=5:3"], /ulimit soft limit must be less than or equal to hard limit: 5 > 3/],
    [["--mount", "type=bind"], /target is required/],
    [["--no-healthcheck", "--health-cmd", "true"], /--no-healthcheck conflicts with --health-\* options/],
    [["--health-interval", "-1s"], /--health-interval cannot be negative/],
    [["--health-retries=-1"], /--health-retries cannot be negative/],
    [["--mount", "foo"], /invalid field 'foo' must be a key=value pair/],
    [["--mount", "a=b"], /unexpected key 'a' in 'a=b'/],
    [["--mount", "type=tmpfs,src=/a,dst=/b"], /cannot specify 'source' for a tmpfs mount/],
    [["--mount", "type=bind,dst=/b,tmpfs-size=1"], /cannot mix 'tmpfs-\*' options/],
    [["--restart", ":3"], /no policy provided before colon/],
    [["--restart", "on-failure:x"], /maximum retry count must be an integer/],
    [["--security-opt", "seccomp=/nowhere"], /open \/nowhere/],
  ];
  for (const [argv, text] of REFUSED) {
    it(`refuses ${argv.join(" ")}`, () => assert.throws(() => requestOf(...argv), { message: text }));
  }

  describe("with files", () => {
    let directory: string;
    before(() => {
      directory = mkdtempSync(join(tmpdir(), "ctr-cli-"));
    });
    after(() => rmSync(directory, { recursive: true }));

    function file(name: string, content: string): string {
      const path = join(directory, name);
      writeFileSync(path, content);
      return path;
    }

    it("takes variables of files first, and yours where only a name stands", () => {
      process.env["CTR_TEST_OWN"] = "mine";
      const path = file("env", "\uFEFF# comment\n\n  A=1\nB=with space \nCTR_TEST_OWN\nCTR_TEST_ABSENT\r\n");
      assert.deepEqual(changesOf("--env-file", path, "-e", "C=3"), {
        Env: ["A=1", "B=with space ", "CTR_TEST_OWN=mine", "C=3"],
      });
      delete process.env["CTR_TEST_OWN"];
    });

    it("refuses names with spaces, and lines without a name", () => {
      assert.throws(() => requestOf("--env-file", file("spaces", "A B=1\n")), /variable 'A B' contains whitespaces/);
      assert.throws(() => requestOf("--env-file", file("nameless", "=1\n")), /no variable name on line '=1'/);
    });

    it("takes labels of files first", () => {
      const path = file("labels", "a=1\nb\n");
      assert.deepEqual(changesOf("--label-file", path, "-l", "a=2"), { Labels: { a: "2", b: "" } });
    });

    it("sends a seccomp profile as compact JSON", () => {
      const path = file("profile.json", '{\n  "defaultAction": "SCMP_ACT_ALLOW"\n}\n');
      assert.deepEqual(changesOf("--security-opt", `seccomp=${path}`), {
        SecurityOpt: ['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}'],
      });
      const broken = file("broken.json", "{");
      assert.throws(() => requestOf("--security-opt", `seccomp=${broken}`), /it is not JSON/);
    });
  });
});
