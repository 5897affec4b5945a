/** The OOM killer's words, as Linux 6.18 (v1), 6.1 (v2) and a host without memory write them. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { parseRecord } from "../../../cgroups/watch/kernel-log.ts";
import { OomParser, type OomVictim } from "../../../cgroups/watch/oom-victims.ts";

const HEADING =
  "[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name";
const OLD_HEADING = "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name";

const ACTS = {
  group: [
    "tail invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
    "Tasks state (memory values in pages):",
    HEADING,
    "[  28462]     0 28462      648      403        0      403         0    49152        0             0 sh",
    "[  28464]     0 28464     5721     5418     4992      426         0    81920        0           300 Web Content",
    "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/ctr/a,task_memcg=/ctr/a/inner,task=Web Content,pid=28464,uid=0",
    "Memory cgroup out of memory: Killed process 28464 (Web Content) total-vm:22884kB, anon-rss:19968kB, file-rss:1704kB, shmem-rss:0kB, UID:0 pgtables:80kB oom_score_adj:300",
  ],
  host: [
    "node invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0, oom_score_adj=0",
    OLD_HEADING,
    "[    812]     0   812   250000   200000  1000000       7             0 node",
    "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=x,mems_allowed=0,global_oom,task_memcg=/ctr/b,task=node,pid=812,uid=0",
    "Out of memory: Killed process 812 (node) total-vm:1000000kB, anon-rss:800000kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:1000kB oom_score_adj:0",
  ],
  whole: [
    "a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
    "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=c,mems_allowed=0,oom_memcg=/ctr/c,task_memcg=/ctr/c,task=a,pid=5,uid=0",
    "Memory cgroup out of memory: Killed process 5 (a) total-vm:1kB, anon-rss:1kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:1kB oom_score_adj:0",
    "Tasks in /ctr/c are going to be killed due to memory.oom.group set",
    "Memory cgroup out of memory: Killed process 6 (b) total-vm:1kB, anon-rss:1kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:1kB oom_score_adj:0",
  ],
};

function victimsOf(lines: readonly string[]): OomVictim[] {
  const parser = new OomParser();
  return lines
    .map((text, index) => parser.take({ sequence: index, time: index * 1000, text }))
    .filter((victim) => victim !== undefined);
}

describe("the OOM killer's words", () => {
  it("a group's limit: who died, for whose limit, and beside whom", () => {
    const [victim, ...others] = victimsOf(ACTS.group);
    assert.deepEqual(others, []);
    assert.deepEqual(victim, {
      time: 6000,
      sequence: 6,
      pid: 28464,
      name: "Web Content",
      reason: "group",
      limitGroup: "/ctr/a",
      group: "/ctr/a/inner",
      virtualSize: 22884 * 1024,
      anonymous: 19968 * 1024,
      file: 1704 * 1024,
      shared: 0,
      oomScoreAdj: 300,
      withGroup: false,
      invokedBy: "tail",
      candidates: [
        { pid: 28464, name: "Web Content", rss: 5418 * 4096, swap: 0, oomScoreAdj: 300 },
        { pid: 28462, name: "sh", rss: 403 * 4096, swap: 0, oomScoreAdj: 0 },
      ],
    });
  });

  it("how much of it were files in memory, in the words of v1 and of v2", () => {
    const withStats = (...lines: string[]) => victimsOf(ACTS.group.toSpliced(1, 0, ...lines))[0]?.filesInMemory;
    assert.equal(withStats("anon 5000", "shmem 4096"), 4096);
    assert.equal(withStats("rss 5000", "shmem 4096", "total_rss 5000", "total_shmem 8192"), 8192);
  });

  it("the whole machine, in the columns of older kernels", () => {
    const [victim] = victimsOf(ACTS.host);
    assert.equal(victim?.reason, "host");
    assert.equal(victim?.limitGroup, "");
    assert.equal(victim?.group, "/ctr/b");
    assert.deepEqual(victim?.candidates, [
      { pid: 812, name: "node", rss: 200_000 * 4096, swap: 7 * 4096, oomScoreAdj: 0 },
    ]);
  });

  it("a whole group", () => {
    assert.deepEqual(
      victimsOf(ACTS.whole).map(({ pid, withGroup, group }) => [pid, withGroup, group]),
      [
        [5, false, "/ctr/c"],
        [6, true, "/ctr/c"],
      ],
    );
  });

  it("nothing else is taken for a victim, nor is one act for another", () => {
    assert.deepEqual(
      victimsOf(["usb 1-1: new device", "[  pid  ] nonsense", "[x", "oom-kill:", "Killed process 1"]),
      [],
    );
    const [, second] = victimsOf([...ACTS.group, ...ACTS.host]);
    assert.equal(second?.invokedBy, "node");
    assert.equal(second?.candidates.length, 1);
  });

  it("records of the kernel's log", () => {
    assert.deepEqual(parseRecord("6,1042,23367957995,-;hello; world\n SUBSYSTEM=x\n"), {
      sequence: 1042,
      time: 23367957995,
      text: "hello; world",
    });
    assert.equal(parseRecord("no record"), undefined);
  });
});
