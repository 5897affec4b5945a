import assert from "node:assert/strict";
import { CtrError } from "../../../lib/errors.ts";
import { expandBindings, type PortTarget, pathsOf, proxyId } from "../../../netns/ports/index.ts";
import type { PortBinding, PublishedPort } from "../../../netns/types.ts";

const IPV4: PortTarget = { address: "172.17.0.2", address6: "", userlandProxy: true };
const BOTH: PortTarget = { ...IPV4, address6: "fd00::2" };
const IPV6: PortTarget = { ...BOTH, address: "" };
const WITHOUT_PROXY = { userlandProxy: false };

const binding = (hostIp = "", more: Partial<PortBinding> = {}): PortBinding => ({
  protocol: "tcp",
  containerPort: 80,
  hostIp,
  hostPort: 8080,
  ...more,
});

/** The addresses that a binding is given. */
const expanded = (given: PortBinding, target: PortTarget, defaults = {}): string[] =>
  expandBindings([given], target, { hostHasIpv6: true, ...defaults }).map(({ hostIp }) => hostIp);

const refusal = (message: string, code: string) => (error: unknown) =>
  error instanceof CtrError && error.message === message && error.code === code && error.status === 400;

describe("host addresses of published ports", () => {
  const EVERYWHERE = ["0.0.0.0", "::"];

  it("are all of both families, and one when it is named", () => {
    for (const target of [IPV4, BOTH, IPV6]) assert.deepEqual(expanded(binding(), target), EVERYWHERE);
    for (const address of ["0.0.0.0", "::", "192.0.2.1", "::1"]) {
      assert.deepEqual(expanded(binding(address), IPV4), [address]);
    }
  });

  it("leave out the family that does not lead to the container", () => {
    assert.deepEqual(expanded(binding(), { ...IPV4, ...WITHOUT_PROXY }), ["0.0.0.0"]);
    assert.deepEqual(expanded(binding(), { ...IPV6, ...WITHOUT_PROXY }), ["::"]);
    assert.deepEqual(expanded(binding(), { ...BOTH, ...WITHOUT_PROXY }), EVERYWHERE);
    assert.deepEqual(expanded(binding("", { protocol: "sctp" }), IPV4), ["0.0.0.0"]);
    assert.deepEqual(expanded(binding(), BOTH, { hostHasIpv6: false }), ["0.0.0.0"]);
  });

  it("are refused when they cannot lead to the container", () => {
    const target = { ...IPV4, ...WITHOUT_PROXY };
    assert.throws(
      () => expanded(binding("::1"), target),
      refusal("cannot publish port 80/tcp on ::1: the container cannot be reached from there", "CTR_PORT_UNREACHABLE"),
    );
    assert.throws(
      () => expanded(binding("", { protocol: "sctp", policy: "hostfw" }), BOTH),
      refusal("cannot publish port 80/sctp: the container cannot be reached from there", "CTR_PORT_UNREACHABLE"),
    );
    assert.throws(() => expanded(binding("::1"), { ...BOTH, ...WITHOUT_PROXY }), CtrError);
  });

  it("follow the default address and the policy, unless the user says otherwise", () => {
    assert.deepEqual(expanded(binding(), BOTH, { address: "192.0.2.1" }), ["192.0.2.1"]);
    assert.deepEqual(expanded(binding(), BOTH, { address: "::" }), ["::"]);
    assert.deepEqual(expanded(binding(), IPV4, { policy: "loopback" }), ["127.0.0.1", "::1"]);
    assert.deepEqual(expanded(binding("", { policy: "loopback" }), IPV4, { address: "192.0.2.1" }), [
      "127.0.0.1",
      "::1",
    ]);
    assert.deepEqual(expanded(binding("192.0.2.1"), IPV4, { policy: "loopback" }), ["192.0.2.1"]);
    assert.deepEqual(expanded(binding("", { policy: "all" }), IPV4, { policy: "loopback" }), EVERYWHERE);
    assert.throws(
      () => expanded(binding("192.0.2.1", { policy: "loopback" }), IPV4),
      refusal("publish policy loopback and host address 192.0.2.1 contradict each other", "CTR_PORT_INVALID"),
    );
  });

  it("keep the policy where it is not Docker's", () => {
    const policies = (given: PortBinding, policy?: "all" | "loopback" | "hostfw") =>
      expandBindings([given], IPV4, { hostHasIpv6: false, ...(policy === undefined ? {} : { policy }) }).map(
        (port) => port.policy,
      );
    assert.deepEqual(policies(binding()), [undefined]);
    assert.deepEqual(policies(binding("", { policy: "all" }), "hostfw"), [undefined]);
    assert.deepEqual(policies(binding("192.0.2.1"), "hostfw"), ["hostfw"]);
    assert.deepEqual(policies(binding("127.0.0.1"), "loopback"), [undefined]);
    assert.deepEqual(policies(binding("127.0.0.1", { policy: "loopback" })), ["loopback"]);
  });
});

describe("paths of published ports", () => {
  const port = (hostIp: string, more: Partial<PublishedPort> = {}): PublishedPort => ({
    protocol: "tcp",
    containerPort: 80,
    hostIp,
    hostPort: 8080,
    ...more,
  });
  /** `redirected to A, proxied to B`. */
  const path = (published: PublishedPort, target: PortTarget): string => {
    const { redirected, proxied } = pathsOf([published], target);
    return [
      ...redirected.map(({ address }) => `redirect ${address}`),
      ...proxied.map((p) => `proxy ${p.target.address}`),
    ].join(", ");
  };

  it("redirect within a family and carry between families", () => {
    assert.equal(path(port("0.0.0.0"), IPV4), "redirect 172.17.0.2");
    assert.equal(path(port("127.0.0.1"), IPV4), "redirect 172.17.0.2");
    assert.equal(path(port("::"), IPV4), "proxy 172.17.0.2");
    assert.equal(path(port("fd00:1::1"), IPV4), "proxy 172.17.0.2");
    assert.equal(path(port("0.0.0.0"), IPV6), "proxy fd00::2");
    assert.equal(path(port("fd00:1::1"), BOTH), "redirect fd00::2");
  });

  it("carry what comes from ::1, from where the kernel forwards nothing", () => {
    assert.equal(path(port("::1"), BOTH), "proxy fd00::2");
    assert.equal(path(port("::"), BOTH), "redirect fd00::2, proxy fd00::2");
  });

  it("carry hostfw alone, and nothing else without the userland proxy", () => {
    const hostfw = { policy: "hostfw" } as const;
    const target = { ...BOTH, ...WITHOUT_PROXY };
    assert.equal(path(port("0.0.0.0", hostfw), target), "proxy 172.17.0.2");
    assert.equal(path(port("::", hostfw), target), "proxy fd00::2");
    assert.equal(path(port("::"), target), "redirect fd00::2");
    assert.equal(path(port("::1"), target), "");
    assert.equal(path(port("::", { protocol: "sctp" }), IPV4), "");
  });

  it("name a proxy by where it listens", () => {
    assert.deepEqual(pathsOf([port("::", { protocol: "udp" })], IPV4).proxied, [
      {
        id: "udp [::]:8080",
        protocol: "udp",
        listen: { address: "::", port: 8080 },
        target: { address: "172.17.0.2", port: 80 },
      },
    ]);
    assert.equal(proxyId(port("127.0.0.1")), "tcp 127.0.0.1:8080");
  });

  it("lead nowhere without an address", () => {
    const { redirected, proxied } = pathsOf([port("0.0.0.0"), port("::")], { ...IPV4, address: "" });
    assert.deepEqual([redirected, proxied], [[], []]);
  });
});
