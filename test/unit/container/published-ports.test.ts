import { deepEqual, equal } from "node:assert/strict";
import {
  allBindings,
  exposedBy,
  isPublished,
  joinBindings,
  portOf,
  strayPorts,
  withoutChosen,
} from "../../../runtime/container/published-ports.ts";
import { containerOf } from "./container-records.ts";

const EPHEMERAL = { HostIp: "", HostPort: "" };

describe("the ports of a container that exists", () => {
  const hostConfig = { PortBindings: { "80": [{ HostPort: "8080" }, { HostPort: "8081" }], "53/udp": [EPHEMERAL] } };

  it("are known by well-formed keys, with those of -P", () => {
    deepEqual(allBindings(containerOf("c", "a", { hostConfig })), {
      "80/tcp": [{ HostPort: "8080" }, { HostPort: "8081" }],
      "53/udp": [EPHEMERAL],
    });
    const config = { ExposedPorts: { "80/tcp": {}, "90/sctp": {} } };
    const all = allBindings(containerOf("c", "a", { config, hostConfig: { ...hostConfig, PublishAllPorts: true } }));
    deepEqual([all["90/sctp"], all["80/tcp"]?.length], [[EPHEMERAL], 2]);
  });

  it("are joined by others", () => {
    deepEqual(joinBindings({ "80/tcp": [{ HostPort: "8080" }] }, { "80": [{ HostPort: "81" }], "90/tcp": null }), {
      "80/tcp": [{ HostPort: "8080" }, { HostPort: "81" }],
      "90/tcp": [EPHEMERAL],
    });
    deepEqual(exposedBy({ "80": null }), { "80/tcp": {} });
  });

  const bindings = { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "8080" }, { HostPort: "8081" }, EPHEMERAL] };

  it("are given up as a whole, or by host address or port", () => {
    deepEqual(withoutChosen(bindings, [{ port: "80" }]), {});
    deepEqual(withoutChosen(bindings, [{ port: "80/udp" }]), bindings);
    deepEqual(withoutChosen(bindings, [{ port: "80", hostPort: "8081" }]), {
      "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "8080" }],
    });
    deepEqual(portOf({ port: "80/udp", hostPort: "8081" }), { protocol: "udp", containerPort: 80, hostPort: 8081 });
  });

  it("are stray when nobody asks for them", () => {
    const container = containerOf("c", "a", {
      hostConfig: { PortBindings: { "80": [{ HostPort: "8080-8082" }], "90/tcp": [{ HostIp: "127.0.0.1" }] } },
    });
    const at = (containerPort: number, hostIp: string, hostPort: number, protocol: "tcp" | "udp" = "tcp") => ({
      ...{ protocol, containerPort, hostIp, hostPort },
    });
    const asked = [at(80, "0.0.0.0", 8081), at(80, "::", 8081), at(90, "127.0.0.1", 32768)];
    const stray = [at(80, "::", 8083), at(90, "::", 32768), at(80, "::", 8080, "udp"), at(99, "::", 99)];
    deepEqual(strayPorts(container, [...asked, ...stray]), stray);
  });

  it("are found when asked for or in force", () => {
    const ports = [{ protocol: "tcp", containerPort: 70, hostIp: "::", hostPort: 32768 }] as const;
    const container = containerOf("c", "a", { hostConfig, ports });
    equal(isPublished(container, { port: "80", hostPort: "8081" }), true);
    equal(isPublished(container, { port: "70", hostIp: "::" }), true);
    equal(isPublished(container, { port: "80", hostPort: "9" }), false);
    equal(isPublished(container, { port: "99" }), false);
  });
});
