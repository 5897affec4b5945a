import assert from "node:assert/strict";
import { gratuitousArp, unsolicitedAdvertisement } from "../../../netns/announcements/packets.ts";
import { parseAddress } from "../../../netns/ipam/ip.ts";

const MAC = "02:42:0a:28:00:03";

describe("announcements", () => {
  it("of IPv4 addresses are requests for the own address to everybody", () => {
    const { protocol, to, packet } = gratuitousArp(MAC, parseAddress("10.40.0.3"));
    assert.deepEqual([protocol, to], [0x806, "ff:ff:ff:ff:ff:ff"]);
    assert.equal(packet.toString("hex"), "000108000604000102420a2800030a2800030000000000000a280003");
  });

  it("of IPv6 addresses are advertisements to all nodes, with a checksum", () => {
    const { protocol, to, packet } = unsolicitedAdvertisement(MAC, parseAddress("fd00:40::3"));
    assert.deepEqual([protocol, to], [0x86dd, "33:33:00:00:00:01"]);
    const own = "fd000040000000000000000000000003";
    const header = `6000000000203aff${own}ff020000000000000000000000000001`;
    assert.equal(packet.toString("hex"), `${header}88004fab20000000${own}020102420a280003`);
  });
});
