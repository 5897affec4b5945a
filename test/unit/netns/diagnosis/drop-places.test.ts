import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type Drop, Packets } from "../../../../netns/diagnosis/drops/follow.ts";
import { SnapshotView } from "../../../../netns/diagnosis/snapshot-view.ts";
import { parseEvents } from "../../../../netns/diagnosis/tracing/events.ts";
import type { Snapshot } from "../../../../netns/diagnosis/types/index.ts";

const FIXTURE = new URL("../../../fixtures/diagnosis/healthy.json", import.meta.url);

/** Task 7 is a program of web. */
describe("where a packet is lost that the kernel tells of", () => {
  const view = new SnapshotView(JSON.parse(readFileSync(FIXTURE, "utf8")) as Snapshot);
  const web = view.container("web")?.id ?? "";
  const inode = view.namespace(web)?.inode;
  const placesOf = (...lines: readonly string[]): (string | undefined)[] => {
    const packets = new Packets(view, (pid) => (pid === 7 ? inode : undefined));
    const told = [...packets.drops(parseEvents(lines.join("\n")), {})];
    return told.filter((one): one is Drop => one.kind === "drop").map(({ place }) => place);
  };
  const line = (flags: string, event: string) => ` program-7   [000] ${flags}   1.000000: ${event}`;
  const freed = "kfree_skb: skbaddr=00000000a protocol=2048 location=nft_do_chain+0x1/0x2 reason: NETFILTER_DROP";
  const sent = "net_dev_queue: dev=eth0 skbaddr=00000000a len=74";

  it("is told by the sender's device, though each container has one of that name", () => {
    assert.deepEqual(placesOf(line(".....", sent), line(".....", freed)), [web]);
  });

  it("is the sender's own network when it came to no device", () => {
    assert.deepEqual(placesOf(line("...1.", freed)), [web]);
  });

  it("is not told by a program that only was interrupted", () => {
    assert.deepEqual(placesOf(line("..s1.", freed)), [undefined]);
    assert.deepEqual(placesOf(line("..s1.", sent), line("..s1.", freed)), [undefined]);
  });
});
