import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { daemonHelp, parseDaemonFlags } from "../../../bin/daemon/flags.ts";
import { textLine } from "../../../bin/daemon/logging.ts";
import { readSettings } from "../../../bin/daemon/settings.ts";

describe("the settings of ctrd", () => {
  let directory: string;
  let path: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "ctr-daemon-"));
    path = join(directory, "daemon.json");
  });
  after(() => rmSync(directory, { recursive: true }));

  function settings(file: object, ...argv: readonly string[]) {
    writeFileSync(path, JSON.stringify(file));
    return readSettings(parseDaemonFlags(["--config-file", path, ...argv]));
  }

  it("have defaults", () => {
    assert.deepEqual(settings({}), {
      hosts: ["unix:///run/ctr/ctr.sock"],
      dataRoot: "/var/lib/ctr",
      execRoot: "/run/ctr",
      pidfile: "/run/ctr/ctrd.pid",
      network: {},
      limits: { containerDefaults: {} },
      insecureRegistries: [],
      logLevel: "info",
      logFormat: "text",
    });
  });

  const EXPECTED = {
    hosts: ["unix:///a.sock", "tcp://127.0.0.1:1"],
    dataRoot: "/data",
    execRoot: "/exec",
    pidfile: "/p",
    network: {
      bip: "10.9.0.1/16",
      bip6: "fd00:9::1/64",
      fixedCidr: "10.9.1.0/24",
      fixedCidrV6: "fd00:9::1:0/112",
      defaultGateway: "10.9.0.254",
      defaultGatewayV6: "fd00:9::fe",
      defaultAddressPools: [
        { base: "10.200.0.0/16", size: 24 },
        { base: "fd00:200::/48", size: 64 },
      ],
      defaultNetworkOpts: { bridge: { "com.docker.network.driver.mtu": "1300", a: "b=c" } },
      mtu: 1400,
      icc: false,
      ip: "127.0.0.1",
      publishPolicy: "loopback",
      hostGatewayIps: ["192.0.2.1", "2001:db8::1"],
      ipv6: true,
      ipForward: false,
      ipMasq: false,
      iptables: true,
      ip6tables: false,
      firewallBackend: "iptables",
      allowDirectRouting: true,
      userlandProxy: false,
      dns: ["1.1.1.1", "8.8.8.8"],
      dnsOptions: ["ndots:2"],
      dnsSearch: ["lan"],
    },
    limits: {
      cgroupDriver: "systemd",
      containerDefaults: {
        ulimits: [{ Name: "nofile", Soft: 100, Hard: 200 }],
        shmSize: 128 * 2 ** 20,
        cgroupParent: "shop",
        cgroupnsMode: "private",
      },
      metricsAddress: "127.0.0.1:9323",
    },
    insecureRegistries: ["registry.lan:5000"],
    logLevel: "warn",
    logFormat: "json",
  };

  it("come from flags", () => {
    const flags = [
      ...["-H", "unix:///a.sock", "--host=tcp://127.0.0.1:1", "--data-root", "/data", "--exec-root", "/exec"],
      ...["-p", "/p", "--bip", "10.9.0.1/16", "--mtu", "1400", "--dns", "1.1.1.1", "--dns", "8.8.8.8"],
      ...["--bip6", "fd00:9::1/64", "--fixed-cidr", "10.9.1.0/24", "--fixed-cidr-v6", "fd00:9::1:0/112"],
      ...["--default-gateway", "10.9.0.254", "--default-gateway-v6", "fd00:9::fe", "--icc=false", "--ipv6"],
      ...["--default-address-pool", "base=10.200.0.0/16,size=24"],
      ...["--default-address-pool", "base=fd00:200::/48,size=64"],
      ...["--default-network-opt", "bridge=com.docker.network.driver.mtu=1300"],
      ...["--default-network-opt", "bridge=a=b=c", "--ip", "127.0.0.1", "--publish-policy", "loopback"],
      ...["--host-gateway-ip", "192.0.2.1", "--host-gateway-ip", "2001:db8::1", "--ip-forward=false"],
      ...["--ip-masq=false", "--iptables", "--ip6tables=false", "--firewall-backend", "iptables"],
      ...["--userland-proxy=false", "--allow-direct-routing", "--insecure-registry", "registry.lan:5000"],
      ...["--dns-opt", "ndots:2", "--dns-search", "lan", "-l", "warn", "--log-format", "json"],
      ...["--default-ulimit", "nofile=100:200", "--default-shm-size", "128m", "--cgroup-parent", "shop"],
      ...["--default-cgroupns-mode", "private", "--exec-opt", "native.cgroupdriver=systemd"],
      ...["--metrics-addr", "127.0.0.1:9323"],
    ];
    assert.deepEqual(settings({}, ...flags), EXPECTED);
  });

  it("come from the file", () => {
    const file = {
      hosts: ["unix:///a.sock", "tcp://127.0.0.1:1"],
      "data-root": "/data",
      "exec-root": "/exec",
      pidfile: "/p",
      bip: "10.9.0.1/16",
      bip6: "fd00:9::1/64",
      "fixed-cidr": "10.9.1.0/24",
      "fixed-cidr-v6": "fd00:9::1:0/112",
      "default-gateway": "10.9.0.254",
      "default-gateway-v6": "fd00:9::fe",
      "default-address-pools": [
        { base: "10.200.0.0/16", size: 24 },
        { base: "fd00:200::/48", size: 64 },
      ],
      "default-network-opts": { bridge: { "com.docker.network.driver.mtu": "1300", a: "b=c" } },
      mtu: 1400,
      icc: false,
      ip: "127.0.0.1",
      "publish-policy": "loopback",
      "host-gateway-ips": ["192.0.2.1", "2001:db8::1"],
      ipv6: true,
      "ip-forward": false,
      "ip-masq": false,
      iptables: true,
      ip6tables: false,
      "firewall-backend": "iptables",
      "userland-proxy": false,
      "allow-direct-routing": true,
      "insecure-registries": ["registry.lan:5000"],
      dns: ["1.1.1.1", "8.8.8.8"],
      "dns-opts": ["ndots:2"],
      "dns-search": ["lan"],
      "default-ulimits": { nofile: { Name: "nofile", Soft: 100, Hard: 200 } },
      "default-shm-size": "128M",
      "cgroup-parent": "shop",
      "default-cgroupns-mode": "private",
      "exec-opts": ["native.cgroupdriver=systemd"],
      "metrics-addr": "127.0.0.1:9323",
      "log-level": "warn",
      "log-format": "json",
    };
    assert.deepEqual(settings(file), EXPECTED);
    assert.equal(settings({ debug: true }).logLevel, "debug");
  });

  it("put the pid file into the exec-root", () => {
    assert.equal(settings({}, "--exec-root", "/run/other").pidfile, "/run/other/ctrd.pid");
  });

  it("make --debug stronger than a level", () => {
    assert.equal(settings({ "log-level": "error" }, "-D").logLevel, "debug");
  });

  it("refuse what is both in the file and on the command line, with dockerd's text", () => {
    assert.throws(
      () => settings({ bip: "10.1.0.1/24", dns: ["8.8.8.8"] }, "--bip", "10.2.0.1/24", "--dns", "1.1.1.1"),
      {
        code: "CTR_CONFIG_CONFLICT",
        message: `unable to configure ctrd with file ${path}: the following directives are specified both as a flag and in the configuration file: bip: (from flag: 10.2.0.1/24, from file: 10.1.0.1/24), dns: (from flag: [1.1.1.1], from file: [8.8.8.8])`,
      },
    );
  });

  it("refuse values that nothing can be made of, with their place", () => {
    const refused = (file: object, message: RegExp) => assert.throws(() => settings(file), { message });
    refused({ bip: "10.1.0.1" }, /daemon\.json:1:8: "bip" must be an address with prefix length/);
    refused({ dns: ["one"] }, /"dns" must be a list of IP addresses: "one" is none/);
    refused({ "log-level": "loud" }, /"log-level" must be one of "debug"/);
    refused({ "live-restor": true }, /unknown key "live-restor"/);
    refused({ bip: "fd00::1/64" }, /"bip" must be an address with prefix length.*: invalid CIDR address: fd00::1\/64/);
    refused({ bip6: "10.1.0.1/24" }, /"bip6" must be an IPv6 address with prefix length/);
    refused({ "default-gateway": "10.1.0.0/24" }, /"default-gateway" must be an IPv4 address: "10.1.0.0\/24" is none/);
    refused({ "default-gateway-v6": "fe80::1%eth0" }, /must be an IPv6 address: "fe80::1%eth0" is none/);
    refused({ "default-ulimits": ["nofile"] }, /"default-ulimits" must be limits by name, such as \{"nofile"/);
    refused({ "default-ulimits": { nofile: { Soft: "x" } } }, /: "nofile" needs whole numbers Soft and Hard$/);
    refused({ "default-ulimits": { files: { Soft: 1 } } }, /: invalid ulimit type: files$/);
    refused({ "default-shm-size": "much" }, /"default-shm-size" must be a size, such as "64m"/);
    refused({ "default-cgroupns-mode": "shared" }, /"default-cgroupns-mode" must be one of "private", "host"/);
    refused({ "exec-opts": ["native.other=1"] }, /unknown exec-opt: "native\.other=1"/);
    refused({ icc: "no" }, /"icc" must be true or false, not "no"/);
    refused({ bridge: "a name that is too long" }, /"bridge" must be the name of a bridge, or "none"/);
    refused({ "publish-policy": "lo" }, /"publish-policy" must be one of "all", "loopback", "hostfw", not "lo"/);
    refused({ "firewall-backend": "ufw" }, /"firewall-backend" must be one of "nftables", "iptables"/);
    refused({ "default-address-pools": [{ base: "10.0.0.0/8" }] }, /must be a list of pools, each a range and/);
    refused(
      { "default-address-pools": [{ base: "10.0.0.0/24", size: 16 }] },
      /the size 16 of pool 10\.0\.0\.0\/24 must be from 24 to 32$/,
    );
    refused({ "default-address-pools": [{ base: "ten", size: 16 }] }, /invalid base pool "ten"$/);
    refused({ "default-address-pools": [{ base: "10.0.0.0/8", size: 16, n: 1 }] }, /"n" is no key of a pool$/);
    refused({ "default-network-opts": { bridge: { mtu: 1400 } } }, /must be options by driver, such as/);
  });

  it("refuse contradictions, with dockerd's text", () => {
    const refused = (file: object, argv: readonly string[], message: RegExp) =>
      assert.throws(() => settings(file, ...argv), { code: "CTR_CONFIG_INVALID", message });
    refused({ bip: "10.1.0.1/24" }, ["-b", "br9"], /^You specified -b & --bip, mutually exclusive options\./);
    refused({ icc: false }, ["--iptables=false"], /^You specified --iptables=false with --icc=false\./);
    assert.throws(
      () =>
        settings(
          { "default-address-pools": [{ base: "10.0.0.0/8", size: 16 }] },
          "--default-address-pool",
          "base=10.0.0.0/8,size=24",
        ),
      /default-address-pools: \(from flag: \[\{"base":"10\.0\.0\.0\/8","size":24\}\], from file: /,
    );
    assert.throws(() => settings({ ipv6: true }, "--ipv6=false"), /ipv6: \(from flag: false, from file: true\)/);
  });

  it("refuse flags of the same kind", () => {
    const refused = (argv: readonly string[], message: RegExp) =>
      assert.throws(() => parseDaemonFlags(argv), { name: "FlagError", message });
    refused(["--bip", "x"], /invalid argument "x" for "--bip" flag/);
    refused(["-l", "loud"], /invalid argument "loud" for "-l, --log-level" flag: must be one of "debug", "info"/);
    refused(["--mtu", "1"], /invalid argument "1" for "--mtu" flag: must be a whole number from 68 to 65535, not 1/);
    refused(["--dns", "one"], /invalid argument "one" for "--dns" flag: must be an IP address: "one" is none/);
    refused(["--default-address-pool", "base"], /: invalid field 'base' must be a key=value pair$/);
    refused(["--default-address-pool", "bas=1"], /: unexpected key 'bas' in 'bas=1'$/);
    refused(["--default-address-pool", "base=10.0.0.0/8,size=x"], /: invalid size value: "x" \(must be integer\)$/);
    refused(["--default-address-pool", "base=10.0.0.0/8"], /: a pool needs both base= and size=$/);
    refused(
      ["--default-network-opt", "mtu=1"],
      /: invalid default-network-opt format: must be <driver>=<option>=<value>$/,
    );
    refused(["--bip6", "10.1.0.1/24"], /invalid argument "10.1.0.1\/24" for "--bip6" flag: must be an IPv6 address/);
    refused(["--nope"], /unknown flag: --nope/);
    refused(["start"], /takes no arguments, only flags: start/);
  });

  it("have a help with an example", () => {
    assert.match(daemonHelp(), /^Usage: {2}ctrd \[OPTIONS\]/);
    assert.match(daemonHelp(), /-H, --host list/);
    assert.match(daemonHelp(), /Examples:\n {2}ctrd/);
  });
});

describe("the engine's log", () => {
  it("is a line an entry, values quoted where they would be unclear", () => {
    const entry = {
      level: "warn",
      time: "2026-11-24T11:43:16.405Z",
      msg: "It did.",
      id: "8f67",
      n: 3,
      why: 'a "b"\nc',
      list: [1],
    };
    assert.equal(
      textLine(JSON.stringify(entry)),
      '2026-11-24T11:43:16.405Z warn  It did. id=8f67 n=3 why="a \\"b\\"\\nc" list=[1]\n',
    );
  });
});
