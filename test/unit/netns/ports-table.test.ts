import assert from "node:assert/strict";
import { parseEphemeralPorts } from "../../../netns/ports/ephemeral.ts";
import { PortTable } from "../../../netns/ports/port-table.ts";

const web = { containerId: "web", containerName: "web" };
const at = (hostIp: string, port = 80, protocol: "tcp" | "udp" = "tcp") => ({ protocol, hostIp, port });

describe("port table", () => {
  it("keeps all addresses and each of them apart from one another", () => {
    const table = new PortTable();
    table.take(at("127.0.0.1"), web);
    assert.deepEqual(table.conflict(at("0.0.0.0")), { hostIp: "127.0.0.1", holder: web });
    assert.deepEqual(table.conflict(at("127.0.0.1")), { hostIp: "127.0.0.1", holder: web });
    assert.equal(table.conflict(at("127.0.0.2")), undefined);
    assert.equal(table.conflict(at("127.0.0.1", 81)), undefined);
    assert.equal(table.conflict(at("127.0.0.1", 80, "udp")), undefined);
    table.free(at("127.0.0.1"));
    table.take(at("0.0.0.0"), web);
    assert.deepEqual(table.conflict(at("10.0.0.1")), { hostIp: "0.0.0.0", holder: web });
    table.free(at("0.0.0.0"));
    assert.equal(table.conflict(at("0.0.0.0")), undefined);
  });
});

describe("ephemeral ports", () => {
  it("are read from the kernel's words", () => {
    assert.deepEqual(parseEphemeralPorts("32768\t60999\n", "40000,40010-40012\n"), {
      range: { start: 32768, end: 60999 },
      reserved: [
        { start: 40000, end: 40000 },
        { start: 40010, end: 40012 },
      ],
    });
  });

  it("fall back to Docker's range where the kernel has none", () => {
    assert.deepEqual(parseEphemeralPorts("", "\n"), { range: { start: 49153, end: 65535 }, reserved: [] });
  });
});
