import assert from "node:assert/strict";
import { Cables, HostLinks } from "../../../runtime/metrics/cables.ts";

const LINKS = new HostLinks(
  [
    "Inter-|   Receive                                                |  Transmit",
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed",
    "vethabcdef1:     10       2    0    0    0     0          0         0      100       2    0    0    0     0       0          0",
    "vethabcdef2: 12345678      90    1    2    0     0          0         0      736       8    3    4    0     0       0          0",
    "",
  ].join("\n"),
);

describe("cables", () => {
  it("tell at the host's end what the container has sent and received", () => {
    const eth0 = { interfaceName: "eth0", hostInterface: "vethabcdef2" };
    const eth1 = { interfaceName: "eth1", hostInterface: "vethabcdef1" };
    assert.deepEqual(LINKS.countersOf([eth0, eth1]), {
      eth0: { rx_bytes: 736, tx_bytes: 12345678 },
      eth1: { rx_bytes: 100, tx_bytes: 10 },
    });
  });

  it("tell nothing where one of them has no end at the host, or is not there yet", () => {
    const eth0 = { interfaceName: "eth0", hostInterface: "vethabcdef2" };
    assert.equal(LINKS.countersOf([eth0, { interfaceName: "eth1" }]), undefined);
    assert.equal(LINKS.countersOf([{ interfaceName: "eth0", hostInterface: "veth0000000" }]), undefined);
    assert.equal(LINKS.countersOf([]), undefined);
  });

  it("are asked for once, until something is connected or the container starts again", () => {
    const asked: string[] = [];
    const cables = new Cables((id) => {
      asked.push(id);
      return [];
    });
    const web = { id: "web", pid: 1 };
    cables.of(web);
    cables.of(web);
    assert.deepEqual(asked, ["web"]);
    cables.of({ ...web, pid: 2 });
    cables.changed();
    cables.of(web);
    assert.equal(asked.length, 3);
  });
});
