import assert from "node:assert/strict";
import { moveInterfaceSysctls } from "../../../runtime/api/decode/interface-sysctls.ts";
import type { ContainerCreateRequest } from "../../../runtime/types.ts";

const OPTION = "com.docker.network.endpoint.sysctls";

const withSysctls = (sysctls: Record<string, string>, mode?: string): ContainerCreateRequest => ({
  Image: "busybox",
  HostConfig: { Sysctls: sysctls, ...(mode === undefined ? {} : { NetworkMode: mode }) },
});

describe("kernel parameters of an interface", () => {
  it("are the endpoint's when an older client gives them, before those that it has", () => {
    const { request, warnings } = moveInterfaceSysctls(
      {
        ...withSysctls({
          "net.ipv4.conf.eth0.forwarding": "1",
          "net.ipv4.conf.eth0.log_martians": "1",
          "net.ipv4.ip_forward": "1",
        }),
        NetworkingConfig: {
          EndpointsConfig: { bridge: { DriverOpts: { [OPTION]: "net.ipv4.conf.IFNAME.arp_accept=1" } } },
        },
      },
      47,
    );
    const moved = "net.ipv4.conf.IFNAME.forwarding=1,net.ipv4.conf.IFNAME.log_martians=1";
    assert.deepEqual(request.HostConfig?.Sysctls, { "net.ipv4.ip_forward": "1" });
    assert.deepEqual(request.NetworkingConfig?.EndpointsConfig, {
      bridge: { DriverOpts: { [OPTION]: `${moved},net.ipv4.conf.IFNAME.arp_accept=1` } },
    });
    assert.deepEqual(warnings, [
      `Migrated sysctl "net.ipv4.conf.eth0.forwarding,net.ipv4.conf.eth0.log_martians" to DriverOpts{"${OPTION}":"${moved}"}.`,
    ]);
  });

  it("go to the default network when the mode is empty", () => {
    const { request } = moveInterfaceSysctls(withSysctls({ "net.ipv4.conf.eth0.forwarding": "1" }, ""), 45);
    assert.deepEqual(Object.keys(request.NetworkingConfig?.EndpointsConfig ?? {}), ["bridge"]);
  });

  it("go to the network of the mode", () => {
    const { request } = moveInterfaceSysctls(withSysctls({ "net.ipv6.conf.eth0.mtu": "1400" }, "front"), 45);
    assert.deepEqual(request.NetworkingConfig?.EndpointsConfig, {
      front: { DriverOpts: { [OPTION]: "net.ipv6.conf.IFNAME.mtu=1400" } },
    });
  });

  it("stay with a container that has no interfaces of its own", () => {
    for (const mode of ["host", "container:web"]) {
      const request = withSysctls({ "net.ipv4.conf.eth0.forwarding": "1" }, mode);
      assert.deepEqual(moveInterfaceSysctls(request, 51), { request, warnings: [] });
    }
  });

  it("leave other requests as they are", () => {
    for (const request of [{}, withSysctls({}), withSysctls({ "net.ipv4.conf.all.forwarding": "1" })]) {
      assert.equal(moveInterfaceSysctls(request, 51).request, request);
    }
  });

  it("are refused from a client that can name the endpoint", () =>
    assert.throws(() => moveInterfaceSysctls(withSysctls({ "net.ipv4.conf.eth0.forwarding": "1" }), 48), {
      message: `interface specific sysctl setting "net.ipv4.conf.eth0.forwarding" must be supplied using driver option '${OPTION}'`,
      hint: `write --network name=NETWORK,driver-opt=${OPTION}=net.ipv4.conf.IFNAME.forwarding=1`,
      status: 500,
    }));

  it("are refused where it is not known which endpoint is meant", () => {
    assert.throws(() => moveInterfaceSysctls(withSysctls({ "net.ipv4.conf.eth1.forwarding": "1" }), 47), {
      message: `unable to determine network endpoint for sysctl net.ipv4.conf.eth1.forwarding, use driver option '${OPTION}' to set per-interface sysctls`,
    });
    const elsewhere = {
      ...withSysctls({ "net.ipv4.conf.eth0.forwarding": "1" }, "front"),
      NetworkingConfig: { EndpointsConfig: { back: {} } },
    };
    assert.throws(() => moveInterfaceSysctls(elsewhere, 47), {
      message:
        "unable to find a network for sysctl net.ipv4.conf.eth0.forwarding: HostConfig.NetworkMode must match the identity of a network in NetworkSettings.Networks",
    });
  });
});
