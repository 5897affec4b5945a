import assert from "node:assert/strict";
import fc from "fast-check";
import { CtrError } from "../../../lib/errors.ts";
import { parsePublish } from "../../../netns/ports/index.ts";
import type { PublishSpec } from "../../../netns/ports/publish.ts";

const spec = (containerPort: number, hostPort = "", hostIp = "", protocol: PublishSpec["protocol"] = "tcp") => ({
  protocol,
  containerPort,
  hostIp,
  hostPort,
});

describe("parsePublish", () => {
  for (const [text, expected] of [
    ["80", [spec(80)]],
    ["8080:80", [spec(80, "8080")]],
    ["8080:80/udp", [spec(80, "8080", "", "udp")]],
    ["80/TCP", [spec(80)]],
    ["5000:5000/sctp", [spec(5000, "5000", "", "sctp")]],
    ["127.0.0.1:8080:80", [spec(80, "8080", "127.0.0.1")]],
    ["127.0.0.1::80", [spec(80, "", "127.0.0.1")]],
    [":80", [spec(80)]],
    ["::80", [spec(80)]],
    ["0:80", [spec(80, "0")]],
    ["[::1]:8080:80", [spec(80, "8080", "::1")]],
    ["::1:8080:80", [spec(80, "8080", "::1")]],
    ["9000-9010:80", [spec(80, "9000-9010")]],
    ["9000-9000:80", [spec(80, "9000")]],
    ["8000-8002:80-82", [spec(80, "8000"), spec(81, "8001"), spec(82, "8002")]],
    ["80-81", [spec(80), spec(81)]],
    ["080:0080", [spec(80, "80")]],
    ["published=8080,target=80,protocol=udp", [spec(80, "8080", "", "udp")]],
    ["target=80,mode=host", [spec(80)]],
    ["published=127.0.0.1:8080,target=80", [spec(80, "8080", "127.0.0.1")]],
    ["published=8080,target=80,policy=loopback", [{ ...spec(80, "8080"), policy: "loopback" }]],
    ["target=80-81,policy=hostfw", [80, 81].map((port) => ({ ...spec(port), policy: "hostfw" as const }))],
  ] as const) {
    it(`reads ${text}`, () => assert.deepEqual(parsePublish(text), expected));
  }

  for (const [text, message] of [
    ["", "no port specified: <empty>"],
    ["8080:", "no port specified: 8080:<empty>"],
    ["8080:/tcp", "no port specified: 8080:/tcp<empty>"],
    ["80/http", "invalid proto: http"],
    ["80/tcp/udp", "invalid proto: tcp/udp"],
    ["web:80:80", "invalid IP address: web"],
    ["1.2.3:80:80", "invalid IP address: 1.2.3"],
    ["fe80::1%eth0:80:80", "invalid IP address: fe80::1%eth0"],
    ["8080:http", "invalid containerPort: http"],
    ["8080:65536", "invalid containerPort: 65536"],
    ["8080:-1", "invalid containerPort: -1"],
    ["8080:81-80", "invalid containerPort: 81-80"],
    ["http:80", "invalid hostPort: http"],
    ["65536:80", "invalid hostPort: 65536"],
    ["9010-9000:80", "invalid hostPort: 9010-9000"],
    ["1-2-3:80", "invalid hostPort: 1-2-3"],
    ["8000-8001:80-82", "invalid ranges specified for container and host Ports: 80-82 and 8000-8001"],
    ["8000:80-82", "invalid ranges specified for container and host Ports: 80-82 and 8000"],
    ["target=80,host", "invalid publish opts format (should be name=value but got 'host')"],
    ["target=80,=1", "invalid publish opts format (should be name=value but got '=1')"],
    ["target=80,policy=local", "invalid publish policy: local"],
    ["published=80", "no port specified: 80:/tcp<empty>"],
    ["target=80,protocol=icmp", "invalid proto: icmp"],
  ] as const) {
    it(`refuses "${text}" with Docker's text`, () => {
      assert.throws(
        () => parsePublish(text),
        (error) => error instanceof CtrError && error.message === message && error.status === 400,
      );
    });
  }

  const portNumber = fc.integer({ min: 1, max: 65535 });
  const protocol = fc.constantFrom("tcp", "udp", "sctp") as fc.Arbitrary<PublishSpec["protocol"]>;
  const address = fc.oneof(fc.constant(""), fc.ipV4(), fc.ipV6());

  it("reads back what a single port was written as", () => {
    const host = fc.option(portNumber, { nil: undefined });
    fc.assert(
      fc.property(address, host, portNumber, protocol, (hostIp, hostPort, containerPort, name) => {
        const shownIp = hostIp.includes(":") ? `[${hostIp}]` : hostIp;
        const text = `${shownIp}:${hostPort ?? ""}:${containerPort}/${name}`;
        assert.deepEqual(parsePublish(text), [spec(containerPort, String(hostPort ?? ""), hostIp, name)]);
        const long = `published=${shownIp}${shownIp === "" ? "" : ":"}${hostPort ?? ""},target=${containerPort},protocol=${name}`;
        assert.deepEqual(parsePublish(long), parsePublish(text));
      }),
    );
  });

  it("gives one spec for each port of a range, in step", () => {
    const start = fc.integer({ min: 1, max: 60000 });
    fc.assert(
      fc.property(start, start, fc.integer({ min: 1, max: 300 }), (host, container, count) => {
        const specs = parsePublish(`${host}-${host + count}:${container}-${container + count}`);
        assert.equal(specs.length, count + 1);
        for (const [index, { hostPort, containerPort }] of specs.entries()) {
          assert.equal(hostPort, String(host + index));
          assert.equal(containerPort, container + index);
        }
      }),
    );
  });

  it("reads or refuses any text, and never gives a port out of range", () => {
    const token = fc.constantFrom(
      "8080",
      "80",
      "0",
      "65536",
      "-",
      ":",
      "/",
      "[",
      "]",
      "::1",
      "127.0.0.1",
      "tcp",
      "=",
      ",",
      "target",
      " ",
      "é",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(token, { maxLength: 9 }).map((parts) => parts.join("")),
        ),
        (text) => {
          try {
            for (const { containerPort, hostPort } of parsePublish(text)) {
              assert(Number.isInteger(containerPort) && containerPort >= 0 && containerPort <= 65535);
              assert.match(hostPort, /^(\d+(-\d+)?)?$/);
            }
          } catch (error) {
            assert(error instanceof CtrError && error.code === "CTR_PORT_INVALID", String(error));
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
