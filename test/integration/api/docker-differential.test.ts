/** The same docker commands against ctr and against the real Docker Engine: exit codes and texts are the same. */
import assert from "node:assert/strict";
import { TestEngine } from "../../support/engine.ts";
import { comparable, type Docker, RealDocker } from "./real-docker.ts";

/** Wrong in a way that both engines tell in the same words. `up` runs, `down` has ended, `new` was never started. */
const COMMANDS: readonly string[] = [
  ...["start", "stop", "restart", "rm", "logs", "top", "port", "wait", "inspect", "attach"].map((verb) => `${verb} no`),
  ...["rm -f no", "rename no other", "exec no true", "stats --no-stream no", "container inspect no"],
  ...["start up", "stop down", "stop new", "attach down", "port up 81", "logs --tail x up", "wait down", "start down"],
  ...["create --name b@d busybox", "create --name up busybox", "rename up up", "rename down up", "rename down b@d"],
  ...["exec up /etc/passwd", "exec -d up no"],
  ...["network inspect no", "run --rm --network no busybox true"],
  ...["-m 1m", "-m 64m --memory-swap 32m", "--memory-swap 32m", "--oom-score-adj 5000", "--cpuset-cpus 99"].map(
    (limits) => `run --rm ${limits} busybox true`,
  ),
  ...["-u nouser", "-u 1:nogroup1", "-w rel", "-v /etc:rel", "--cap-add NO", "--restart always", "--tmpfs rel"].map(
    (option) => `run --rm ${option} busybox true`,
  ),
  ...["--pid odd", "--security-opt no", "--shm-size -1", "--sysctl kernel.x=1", "--mount type=bind,src=/no,dst=/x"].map(
    (option) => `run --rm ${option} busybox true`,
  ),
  ...["rmi no", "rmi busybox", "tag no x", "tag busybox BAD", "history no", "pull BAD"],
  "run --rm --pull never no:1 true",
];

describe("ctr and the real Docker Engine", () => {
  let engine: TestEngine;
  let real: RealDocker;
  let ours: Docker;

  before(async () => {
    [engine, real] = await Promise.all([TestEngine.start(), RealDocker.start()]);
    ours = (...argv) => engine.docker(argv);
    for (const docker of [ours, real.docker]) {
      await docker("run", "-d", "--name", "up", "busybox", "sleep", "1000");
      await docker("run", "--name", "down", "busybox", "true");
      await docker("create", "--name", "new", "busybox", "true");
    }
  });
  after(async () => {
    await real?.[Symbol.asyncDispose]();
    await engine?.[Symbol.asyncDispose]();
  });

  for (const command of COMMANDS) {
    it(`say the same to docker ${command}`, async () => {
      const argv = command.split(" ");
      const [theirs, mine] = await Promise.all([real.docker(...argv), ours(...argv)]);
      assert.deepEqual(comparable(mine), comparable(theirs));
    });
  }
});
