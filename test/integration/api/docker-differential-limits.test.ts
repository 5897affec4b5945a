/**
 * The same command lines against ctr and against the real Docker Engine: both put the same values in force, and refuse bad
 * ones with the same words and exit codes. Docker's values are those of cgroup v1; on v2 newer versions write others.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { TestEngine } from "../../support/engine.ts";
import { comparable, type Docker, RealDocker } from "./real-docker.ts";
import { writtenLimits } from "./written-limits.ts";

const DISK = readdirSync("/sys/block")
  .map((name) => `/dev/${name}`)
  .find((path) => /\/(vd|sd|nvme|xvd)/.test(path) && existsSync(path));

/** Flags of `run`; what they write is compared. Each container has as many as go together. */
const WRITTEN: readonly string[] = [
  "",
  "-m 64m --memory-reservation 32m --memory-swappiness 0 --cpus 0.29 --cpu-shares 512 --pids-limit 50 --oom-score-adj 300",
  "-m 64m --memory-swap 96m --oom-kill-disable --cpu-period 50000 --cpu-quota 12500 --cpuset-cpus 0 --cpuset-mems 0 -u 5:6 --group-add 77",
  "-m 64m --memory-swap 64m --cpu-quota 20000 --cpuset-cpus 0-1 --ulimit nofile=100:200 --ulimit core=0 --ulimit nproc=50 --shm-size 8m",
  "-m 64m --memory-swap -1 --cpu-period 20000 --pids-limit -1 --ulimit memlock=1024 --ulimit stack=1048576:2097152 --group-add 77 --group-add root",
  "--memory-swappiness 77 --cpu-quota -1 --cgroupns private --device /dev/zero:/dev/nothing:r --device /dev/fuse --device-cgroup-rule=c_42:*_rw --device-cgroup-rule=b_7:1_m",
  ...(DISK === undefined
    ? []
    : [
        `--device-read-bps ${DISK}:1mb --device-write-bps ${DISK}:2mb --device-read-iops ${DISK}:30 --device-write-iops ${DISK}:40`,
      ]),
];

/** What every Docker Engine that runs as another program does to the limits of its own processes. */
const OWN = ["limit open files"];

/** Flags of `run` that engines refuse. */
const REFUSED: readonly string[] = [
  ...["-m 1m", "-m 4194303", "-m 64m --memory-swap 32m", "--memory-swap 64m", "--memory-reservation 1m"],
  "-m 32m --memory-reservation 64m",
  ...["--cpus 100", "--cpus -1"],
  ...["--cpus 1 --cpu-period 50000", "--cpus 1 --cpu-quota 50000"],
  ...["--cpu-period 999", "--cpu-period 1000001", "--cpu-quota 999"],
  ...["--cpuset-cpus 99", "--cpuset-cpus x", "--cpuset-mems 99", "--cpuset-mems 0,x"],
  ...["--oom-score-adj 1001", "--oom-score-adj -1001"],
  ...["--device /dev/no", "--device /etc/passwd"],
  "--device-read-bps /dev/no:1mb",
  "--group-add no",
  "--storage-opt size=1g",
  "--storage-opt other=1",
  "--cgroupns private --privileged=x",
];

/** Flags of `update` in this order, for one container that began with `-m 64m --cpus 0.5`. */
const UPDATED: readonly string[] = [
  "--cpu-shares 256",
  "-m 128m --memory-swap 300m",
  "-m 48m",
  "-m 512m",
  "-m 1m",
  "--memory-reservation 40m",
  "--cpus 1.25",
  "--cpuset-cpus 1 --cpuset-mems 0",
  "--cpuset-cpus 99",
  "--pids-limit 77",
  "--pids-limit -1",
  "--restart on-failure:3",
  "--restart sometimes",
];

/** What Docker refuses with words of its runtime, some of it written already. */
const REFUSED_OTHERWISE: readonly string[] = ["--memory-swap 32m", "--cpu-shares -1", "--cpus 0.001"];

/** Where newer Engines, which we follow, say it otherwise than 20.10: its text, and theirs. */
const NEWER_WORDS: readonly (readonly [RegExp, string])[] = [
  [/Range of CPUs is/, "range of CPUs is"],
  [/(Invalid value (\S+) for cpuset \w+)\.?$/m, "$1: invalid format: $2"],
  [/Unable to find group/, "unable to find group"],
  [
    /invalid restart policy ('\w+')/,
    "invalid restart policy: unknown policy $1; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
  ],
];

/** Underscores stand for spaces inside of a word. */
const words = (line: string): string[] =>
  line
    .split(" ")
    .filter(Boolean)
    .map((word) => word.replaceAll("_", " "));

describe("limits of ctr and of the real Docker Engine", () => {
  let engine: TestEngine;
  let real: RealDocker;
  let ours: Docker;

  before(async function () {
    if (!existsSync("/sys/fs/cgroup/memory")) this.skip();
    [engine, real] = await Promise.all([TestEngine.start(), RealDocker.start()]);
    ours = (...argv) => engine.docker(argv);
  });
  after(async () => {
    await real?.[Symbol.asyncDispose]();
    await engine?.[Symbol.asyncDispose]();
  });

  const both = <T>(body: (docker: Docker) => Promise<T>): Promise<[T, T]> =>
    Promise.all([body(real.docker), body(ours)]);

  const start = async (docker: Docker, ...flags: readonly string[]): Promise<string> => {
    const { stdout, stderr, exitCode } = await docker("run", "-d", ...flags, "busybox", "sleep", "1000");
    assert.equal(exitCode, 0, stderr);
    return stdout.trim();
  };

  const written = async (docker: Docker, id: string): Promise<object> => {
    const { stdout } = await docker("inspect", "-f", "{{.State.Pid}}", id);
    const limits = writtenLimits(Number(stdout));
    return Object.fromEntries(Object.entries(limits).filter(([name]) => !OWN.includes(name)));
  };

  for (const line of WRITTEN) {
    it(`are the same for run ${line}`, async () => {
      const [theirs, mine] = await both(async (docker) => {
        return written(docker, await start(docker, "--network", "none", ...words(line)));
      });
      assert.deepEqual(mine, theirs);
    });
  }

  for (const line of REFUSED) {
    it(`are refused alike: run ${line}`, async () => {
      const [theirs, mine] = await both((docker) =>
        docker("run", "--rm", "--network", "none", ...words(line), "busybox", "true"),
      );
      assert.deepEqual(comparable(mine), inNewerWords(comparable(theirs)));
    });
  }

  describe("of one container that is updated", () => {
    before(async () => {
      await both((docker) => start(docker, "--name", "up", "--network", "none", "-m", "64m", "--cpus", "0.5"));
    });

    for (const line of UPDATED) {
      it(`are the same after update ${line}`, async () => {
        const [theirs, mine] = await both(async (docker) => {
          const result = await docker("update", ...words(line), "up");
          return { result, limits: await written(docker, "up") };
        });
        assert.deepEqual(comparable(mine.result), inNewerWords(comparable(theirs.result)));
        assert.deepEqual(mine.limits, theirs.limits);
      });
    }

    for (const line of REFUSED_OTHERWISE) {
      it(`are refused by both, and by ctr without a trace, in update ${line}`, async () => {
        const before = await written(ours, "up");
        const results = await both((docker) => docker("update", ...words(line), "up"));
        assert.deepEqual(
          results.map(({ exitCode }) => exitCode),
          [1, 1],
        );
        assert.deepEqual(await written(ours, "up"), before);
      });
    }
  });
});

function inNewerWords(result: ReturnType<typeof comparable>): unknown[] {
  const translate = (text: string): string =>
    NEWER_WORDS.reduce((translated, [old, now]) => translated.replace(old, now), text);
  return result.map((part) => (typeof part === "string" ? translate(part) : part));
}
