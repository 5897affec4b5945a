import assert from "node:assert/strict";
import { devicePath } from "../../../../netns/diagnosis/probe/device-path.ts";
import { SnapshotView } from "../../../../netns/diagnosis/snapshot-view.ts";
import { parseEvents } from "../../../../netns/diagnosis/tracing/events.ts";
import { isNormal } from "../../../../netns/diagnosis/tracing/normal-drops.ts";
import type { Snapshot } from "../../../../netns/diagnosis/types/index.ts";

/** As Linux 6.18 writes it. */
const TEXT = ` ctr-diagnosis-4711    [000] b..2.   100.000100: net_dev_queue: dev=eth0 skbaddr=00000000aa000001 len=74
 ctr-diagnosis-4711    [000] ..s3.   100.000110: netif_receive_skb: dev=veth1 skbaddr=00000000aa000001 len=60
 some thing-12-99      [001] ..s1.   100.000115: net_dev_queue: dev=eth0 skbaddr=00000000bb000001 len=74
 ctr-diagnosis-4711    [000] ..s3.   100.000120: net_dev_queue: dev=veth2 skbaddr=00000000aa000001 len=74
 ctr-diagnosis-4711    [000] ..s3.   100.000130: netif_receive_skb: dev=eth0 skbaddr=00000000aa000001 len=60
 ctr-diagnosis-4711    [000] b.s3.   100.000140: net_dev_queue: dev=eth0 skbaddr=00000000aa000002 len=54
 ctr-diagnosis-4711    [000] ..s3.   100.000150: netif_receive_skb: dev=veth2 skbaddr=00000000aa000002 len=40
 ctr-diagnosis-4711    [000] ..s3.   100.000160: net_dev_queue: dev=veth1 skbaddr=00000000aa000002 len=54
 ctr-diagnosis-4711    [000] ..s3.   100.000170: netif_receive_skb: dev=eth0 skbaddr=00000000aa000002 len=40
 ctr-diagnosis-4711    [000] b.s3.   100.000180: kfree_skb: skbaddr=00000000aa000001 rx_sk=0000000000000000 protocol=2048 location=tcp_v4_rcv+0x9c/0x1000 reason: NO_SOCKET
 kworker/0:1-7         [000] b.s3.   100.000190: kfree_skb: skbaddr=00000000cc000001 rx_sk=0000000000000000 protocol=34525 location=ip6_mc_input+0x1c/0x100 reason: NOT_SPECIFIED
 kworker/0:1-7         [000] b.s3.   100.000200: kfree_skb: skbaddr=00000000cc000002 rx_sk=0000000000000000 protocol=2048 location=nft_do_chain+0x3e8/0x610 [nf_tables] reason: NETFILTER_DROP
CPU:1 [LOST 12 EVENTS]
 ctr-diagnosis-4711    [000] .....   100.000210: tracing_mark_write: start
 something the kernel may say one day
`;

const pair = (name: string, namespace: string, index: number) => ({
  ...{ index: index + 1, name, addresses: [], kind: "veth" },
  peer: { namespace, index },
});
const container = (key: string, peer: number) => ({
  key,
  links: [{ index: 2, name: "eth0", addresses: [], kind: "veth", peer: { namespace: "host", index: peer } }],
});
const view = new SnapshotView({
  namespaces: [
    {
      key: "host",
      links: [
        { ...pair("veth1", "web", 2), index: 11 },
        { ...pair("veth2", "api", 2), index: 12 },
      ],
    },
    container("web", 11),
    container("api", 12),
  ],
  intent: { containers: [], networks: [] },
} as unknown as Snapshot);

describe("diagnosis: events of the kernel", () => {
  const events = parseEvents(TEXT);

  it("reads devices, drops with their function, marks and losses, and nothing else", () => {
    assert.deepEqual(
      Object.entries(Object.groupBy(events, ({ kind }) => kind)).map(([kind, all]) => [kind, all?.length]),
      [
        ["sent", 5],
        ["received", 4],
        ["freed", 3],
        ["lost", 1],
        ["mark", 1],
      ],
    );
    const drop = events.findLast(({ kind }) => kind === "freed");
    assert.deepEqual(drop, {
      ...{ kind: "freed", pid: 7, at: drop?.at, skb: "00000000cc000002" },
      ...{ protocol: 2048, location: "nft_do_chain", reason: "NETFILTER_DROP", inInterrupt: true },
    });
    assert.ok(Math.abs((drop?.at ?? 0) - 100_000.2) < 1e-6);
    assert.equal(events[2]?.pid, 99);
  });

  it("knows what the kernel throws away all the time", () => {
    const reason = "NOT_SPECIFIED";
    assert.ok(isNormal({ reason, location: "ip6_mc_input", protocol: 34525 }));
    assert.ok(isNormal({ reason, location: "tcp_rcv_state_process", protocol: 2048 }));
    assert.ok(!isNormal({ reason: "NETFILTER_DROP", location: "nft_do_chain", protocol: 2048 }));
    assert.ok(!isNormal({ reason, location: "br_handle_frame_finish", protocol: 2048 }));
  });

  it("follows the question over the devices of three namespaces, and its answer back", () => {
    const { devices, drops } = devicePath(events, {
      ...{ view, sender: "web", length: undefined, pid: 4711 },
      ...{ began: 100_000, asked: [100_000.05] },
    });
    assert.deepEqual(
      devices.map(({ place, direction, event, device }) => `${direction} ${place} ${event} ${device}`),
      [
        "there web sent eth0",
        "there host received veth1",
        "there host sent veth2",
        "there api received eth0",
        "back api sent eth0",
        "back host received veth2",
        "back host sent veth1",
        "back web received eth0",
      ],
    );
    // The drop in nftables is another packet's.
    assert.deepEqual(
      drops.map(({ reason, place, device, direction }) => [reason, place, device, direction]),
      [["NO_SOCKET", "api", "eth0", "there"]],
    );
  });

  it("takes nothing for an answer that comes before the question has gone", () => {
    const question = ` some thing-12-99      [001] ..s1.   100.000060: net_dev_queue: dev=veth1 skbaddr=00000000dd000001 len=42
 some thing-12-99      [001] ..s1.   100.000070: netif_receive_skb: dev=eth0 skbaddr=00000000dd000001 len=28
`;
    const options = { view, sender: "web", length: undefined, pid: 4711, began: 100_000, asked: [100_000.05] };
    const path = devicePath(parseEvents(question + TEXT), options);
    assert.deepEqual(path, devicePath(events, options));
    assert.equal(path.devices[0]?.direction, "there");
  });

  it("takes nothing that another program sends, and nothing from before", () => {
    const options = { view, sender: "web", length: undefined, began: 100_000, asked: [100_000.05] };
    assert.deepEqual(
      devicePath(events, { ...options, pid: 1 }).devices.filter(({ direction }) => direction === "there"),
      [],
    );
    assert.deepEqual(devicePath(events, { ...options, pid: 4711, asked: [100_002] }), { devices: [], drops: [] });
  });
});
