import { deepEqual, equal, throws } from "node:assert/strict";
import { endpointRequest, endpointRequests } from "../../../runtime/container/endpoints.ts";
import { canonicalMode, checkNetworkMode, isUserDefined, sharedWith } from "../../../runtime/container/network-mode.ts";
import type { ContainerConfig, EndpointSettings, HostConfig } from "../../../runtime/types.ts";

describe("the network mode", () => {
  it("is a network's name, or another container", () => {
    equal(canonicalMode(undefined, "bridge"), "bridge");
    equal(canonicalMode("default", "bridge"), "bridge");
    equal(canonicalMode("", "none"), "none");
    equal(canonicalMode("bridge", "none"), "none");
    equal(canonicalMode("front", "bridge"), "front");
    equal(sharedWith({ NetworkMode: "container:web" }), "web");
    equal(sharedWith({ NetworkMode: "front" }), undefined);
    deepEqual(["bridge", "default", "host", "none", "container:x", "front"].map(isUserDefined), [
      ...[false, false, false, false, false, true],
    ]);
  });

  const conflicts: readonly (readonly [string, ContainerConfig, HostConfig])[] = [
    ["hostname and the network mode", { Hostname: "x" }, {}],
    ["container type network can't be used with links. This would result in undefined behavior", {}, { Links: ["a"] }],
    ["dns and the network mode", {}, { Dns: ["1.1.1.1"] }],
    ["custom host-to-IP mapping and the network mode", {}, { ExtraHosts: ["a:1.1.1.1"] }],
    ["mac-address and the network mode", { MacAddress: "02:42:ac:11:00:02" }, {}],
    ["port publishing and the container type network mode", {}, { PortBindings: { "80/tcp": null } }],
    ["port publishing and the container type network mode", {}, { PublishAllPorts: true }],
    ["port exposing and the container type network mode", { ExposedPorts: { "80/tcp": {} } }, {}],
  ];
  for (const [text, config, hostConfig] of conflicts) {
    it(`of another container goes not with ${Object.keys({ ...config, ...hostConfig })}`, () => {
      throws(() => checkNetworkMode(config, { ...hostConfig, NetworkMode: "container:web" }), {
        message: `conflicting options: ${text}`,
        status: 400,
      });
      checkNetworkMode(config, { ...hostConfig, NetworkMode: "front" });
    });
  }

  it("has to name the container", () => {
    for (const NetworkMode of ["container", "container:"]) {
      throws(() => checkNetworkMode({}, { NetworkMode }), {
        message: "invalid network mode: invalid container format container:<name|id>",
      });
    }
  });

  it("of the host goes not with links, its host name not with another", () => {
    throws(() => checkNetworkMode({}, { NetworkMode: "host", Links: ["db"] }), {
      message:
        "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
    });
    throws(() => checkNetworkMode({ Hostname: "x" }, { UTSMode: "host" }), {
      message: "conflicting options: hostname and the UTS mode",
    });
    checkNetworkMode({ Hostname: "x" }, { NetworkMode: "host", PortBindings: { "80/tcp": [] } });
  });
});

describe("the endpoints of a new container", () => {
  const owner = (NetworkMode: string) => ({ id: "c".repeat(64), name: "web", config: {}, hostConfig: { NetworkMode } });
  const NAMES: Readonly<Record<string, string>> = { default: "bridge", "5e1f": "front" };
  const requests = (mode: string, EndpointsConfig: Record<string, EndpointSettings | null>, MacAddress?: string) =>
    endpointRequests(
      owner(mode),
      { NetworkingConfig: { EndpointsConfig }, ...(MacAddress === undefined ? {} : { MacAddress }) },
      (reference) => NAMES[reference] ?? reference,
    );
  const networks = (...args: Parameters<typeof requests>) => requests(...args).map(({ network }) => network);

  it("are that of the mode when no other is named", () => {
    deepEqual(networks("bridge", {}), ["bridge"]);
    deepEqual(networks("container:x", {}), []);
  });

  it("are the mode's first, the others in their order", () => {
    deepEqual(networks("front", { back: {}, front: {}, a: null }), ["front", "back", "a"]);
    deepEqual(networks("front", { "5e1f": { Aliases: ["x"] } }), ["front"]);
  });

  it("are only the named ones when the mode's is not among them, as Docker has it", () =>
    deepEqual(networks("bridge", { front: {} }), ["front"]));

  it("carry all that was asked for", () => {
    const settings: EndpointSettings = {
      IPAMConfig: { IPv4Address: "10.0.0.5", IPv6Address: "fd00::5", LinkLocalIPs: ["169.254.1.1"] },
      ...{ Links: ["db:d"], Aliases: ["al"], DriverOpts: { k: "v" }, GwPriority: 2, MacAddress: "02:42:ac:11:00:02" },
    };
    deepEqual(requests("front", { front: settings }), [
      {
        ...{ containerId: "c".repeat(64), containerName: "web", network: "front" },
        ...{ ipAddress: "10.0.0.5", ip6Address: "fd00::5", linkLocalAddresses: ["169.254.1.1"] },
        ...{ macAddress: "02:42:ac:11:00:02", aliases: ["al"], links: ["db:d"], driverOptions: { k: "v" } },
        gatewayPriority: 2,
      },
    ]);
  });

  it("tell which fields were given without content", () => {
    const of = (settings: EndpointSettings) => endpointRequest(owner("front"), "front", settings).givenEmpty;
    deepEqual(of({ IPAMConfig: {}, Aliases: [], DriverOpts: {} }), ["IPAMConfig", "Aliases", "DriverOpts"]);
    deepEqual(of({ IPAMConfig: { IPv4Address: "", LinkLocalIPs: [] } }), ["IPAMConfig"]);
    deepEqual(of({ IPAMConfig: { IPv4Address: "10.0.0.5" }, Aliases: ["www"], DriverOpts: { k: "v" } }), undefined);
  });

  it("are without IPv6 where a sysctl switches it off", () => {
    const off = { "net.ipv6.conf.all.disable_ipv6": "1" };
    const of = (Sysctls: Record<string, string>) =>
      endpointRequest({ ...owner("front"), hostConfig: { Sysctls } }, "front", {}).withoutIpv6;
    deepEqual([of(off), of({ ...off, "net.ipv6.conf.all.disable_ipv6": "0" }), of({})], [true, undefined, undefined]);
  });

  it("take the container's MAC on the main network, unless there is another", () => {
    const [main, other] = requests("front", { front: {}, back: {} }, "02:42:ac:11:00:02");
    deepEqual([main?.macAddress, other?.macAddress], ["02:42:ac:11:00:02", undefined]);
    throws(() => requests("front", { front: { MacAddress: "02:42:ac:11:00:03" } }, "02:42:ac:11:00:02"), {
      message:
        "the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty",
    });
  });

  it("have no names and addresses of their own on predefined networks", () => {
    const address =
      "* user specified IP address is supported on user defined networks only\n" +
      "* user specified IP address is supported only when connecting to networks with user configured subnets";
    const alias = "network-scoped aliases are only supported for user-defined networks";
    throws(() => endpointRequest(owner("x"), "bridge", { IPAMConfig: { IPv4Address: "1.2.3.4" } }), {
      message: `invalid endpoint settings:\n${address}`,
    });
    throws(() => endpointRequest(owner("x"), "none", { Aliases: ["a"], IPAMConfig: { IPv6Address: "fd00::1" } }), {
      message: `invalid endpoint settings:\n* ${alias}\n${address}`,
    });
  });

  it("are refused where host, none or another container's network would not be alone", () => {
    const shared = /: container sharing network namespace with another container or host cannot/;
    throws(() => requests("host", { host: {}, front: {} }), shared);
    throws(() => requests("container:x", { front: {} }), shared);
    throws(() => requests("front", { front: {}, none: {} }), /private \(none\) mode$/);
    throws(() => requests("front", { front: { Aliases: ["a"] }, "5e1f": { Aliases: ["b"] } }), /multiple times$/);
  });
});
