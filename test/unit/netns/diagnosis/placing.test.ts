import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { SnapshotView } from "../../../../netns/diagnosis/snapshot-view.ts";
import { linkNamed, nextPlace } from "../../../../netns/diagnosis/tracing/placing.ts";
import { HOST, OUTSIDE, type Snapshot } from "../../../../netns/diagnosis/types/index.ts";

const FIXTURE = new URL("../../../fixtures/diagnosis/healthy.json", import.meta.url);

describe("where a packet is that the kernel names a device of", () => {
  const view = new SnapshotView(JSON.parse(readFileSync(FIXTURE, "utf8")) as Snapshot);
  const web = view.container("web")?.id ?? "";
  const uplink = { place: HOST, link: linkNamed(view, HOST, "cable") };
  const inside = { place: web, link: linkNamed(view, web, "eth0") };

  it("is at the other end of a container's cable", () => {
    const end = inside.link && view.peerOf(inside.link);
    assert.equal(nextPlace(view, inside, end?.link.name ?? "", true)?.place, HOST);
  });

  it("is outside behind the uplink, though containers have a device of that name", () => {
    assert.deepEqual(nextPlace(view, uplink, "eth0", true), { place: OUTSIDE, link: undefined });
    assert.equal(nextPlace(view, { place: OUTSIDE, link: undefined }, "eth0", true)?.place, OUTSIDE);
  });

  it("stays where it is when it is only handed on", () => {
    assert.equal(nextPlace(view, uplink, view.uplinks[0]?.name ?? "", false)?.place, HOST);
  });
});
