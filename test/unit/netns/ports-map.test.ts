import assert from "node:assert/strict";
import { CtrError } from "../../../lib/errors.ts";
import { formatPortKey, parsePort, portBindingsOf } from "../../../netns/ports/index.ts";

const refusal = (message: string, code: string) => (error: unknown) =>
  error instanceof CtrError && error.message === message && error.code === code;

describe("port maps of the API", () => {
  it("reads and writes keys", () => {
    assert.deepEqual(parsePort("80/udp"), { protocol: "udp", containerPort: 80 });
    assert.deepEqual(parsePort("80"), { protocol: "tcp", containerPort: 80 });
    assert.equal(formatPortKey({ protocol: "tcp", containerPort: 80 }), "80/tcp");
    for (const [key, part] of [
      ["0/tcp", "0"],
      ["http", "http"],
      ["", ""],
      ["80-81/tcp", "80-81"],
    ] as const) {
      assert.throws(() => parsePort(key), refusal(`invalid port specification: "${part}"`, "CTR_PORT_INVALID"));
    }
  });

  it("takes explicit bindings: fixed, ranged and ephemeral", () => {
    const bindings = portBindingsOf({
      portBindings: {
        "443/tcp": [{ HostPort: "9000-9010" }],
        "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "8080" }, { HostIp: "0.0.0.0", HostPort: "0" }, {}],
        "53/udp": null,
      },
    });
    assert.deepEqual(bindings, [
      { protocol: "tcp", containerPort: 80, hostIp: "127.0.0.1", hostPort: 8080 },
      { protocol: "tcp", containerPort: 80, hostIp: "0.0.0.0", hostPort: 0 },
      { protocol: "tcp", containerPort: 80, hostIp: "", hostPort: 0 },
      { protocol: "tcp", containerPort: 443, hostIp: "", hostPort: 9000, hostPortEnd: 9010 },
    ]);
  });

  it("gives -P's ephemeral port to what is exposed and has no binding", () => {
    const request = {
      portBindings: { "80/tcp": [{ HostPort: "8080" }], "81/tcp": [] },
      exposedPorts: ["80/tcp", "53/udp", "81/tcp"],
    };
    assert.deepEqual(portBindingsOf(request).length, 1);
    assert.deepEqual(
      portBindingsOf({ ...request, publishAllPorts: true }).map((binding) => [
        formatPortKey(binding),
        binding.hostPort,
      ]),
      [
        ["53/udp", 0],
        ["80/tcp", 8080],
        ["81/tcp", 0],
      ],
    );
    assert.deepEqual(portBindingsOf({ portBindings: null, publishAllPorts: true }), []);
  });

  it("writes IPv6 addresses in one way, and takes a policy", () => {
    const bindings = portBindingsOf({
      portBindings: {
        "80/tcp": [
          { HostIp: "0:0::1", HostPort: "8080", Policy: "hostfw" },
          { HostIp: "::ffff:192.0.2.1", HostPort: "8080" },
          { HostIp: "FD00:0:0::A", HostPort: "8080", Policy: "" },
        ],
      },
    });
    const port = { protocol: "tcp", containerPort: 80, hostPort: 8080 } as const;
    assert.deepEqual(bindings, [
      { ...port, hostIp: "::1", policy: "hostfw" },
      { ...port, hostIp: "192.0.2.1" },
      { ...port, hostIp: "fd00::a" },
    ]);
  });

  it("refuses bad host ports with Docker's text", () => {
    const bind = (HostIp: string, HostPort: string) => () =>
      portBindingsOf({ portBindings: { "80/tcp": [{ HostIp, HostPort }] } });
    assert.throws(bind("", "http"), refusal('invalid port specification: "http"', "CTR_PORT_INVALID"));
    assert.throws(bind("", "0-9"), refusal('invalid port specification: "0-9"', "CTR_PORT_INVALID"));
    assert.throws(bind("web", "1"), refusal("invalid IP address: web", "CTR_PORT_INVALID"));
    assert.throws(bind("fe80::1%eth0", "1"), refusal("invalid IP address: fe80::1%eth0", "CTR_PORT_INVALID"));
    assert.throws(
      () => portBindingsOf({ portBindings: { "80/tcp": [{ HostPort: "1", Policy: "some" }] } }),
      refusal("invalid publish policy: some", "CTR_PORT_INVALID"),
    );
  });
});
