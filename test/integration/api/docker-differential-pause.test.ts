/** Paused containers in ctr and in the real Docker Engine: what each command says of them, and what becomes of them. */
import assert from "node:assert/strict";
import { TestEngine } from "../../support/engine.ts";
import { comparable, type Docker, RealDocker } from "./real-docker.ts";

const STATE = "inspect -f {{.State.Status}}_{{.State.Running}}_{{.State.Paused}}_{{.State.ExitCode}}";
const COUNTS = "info -f {{.ContainersRunning}}_{{.ContainersPaused}}_{{.ContainersStopped}}";

/**
 * In this order. `up` runs, `down` has ended, `new` was never started, `still` is paused; those that follow end on
 * SIGTERM, but for `own`, which has named SIGINT as its stop signal, and `hard`, which has to be killed.
 */
const COMMANDS: readonly string[] = [
  ...["pause", "unpause", "pause no", "unpause no", "pause down", "unpause down", "pause new", "unpause new"],
  ...["unpause up", "pause still", "pause up down no still", "unpause up still no down", "pause still"],
  ...[`${STATE} still`, `${STATE} up`, COUNTS, "ps -q --no-trunc --filter status=running --format {{.Names}}"],
  "ps --filter status=paused --format {{.Names}}_{{.State}}",
  ...["exec still true", "exec -d still true", "exec -it still true", "attach still", "start still", "rm still"],
  ...["top still -o comm", "stats --no-stream --format {{.Name}}_{{.PIDs}} still", "logs still", "port still"],
  ...["update --cpu-shares 512 still", "rename still quiet", "rename quiet still", "network connect side still"],
  ...["network disconnect side still", "run --rm --network container:still busybox true", `${STATE} still`],
  ...["kill -s HUP deaf", `${STATE} deaf`, "kill -s HUP own", `${STATE} own`, "kill -s INT own", "wait own"],
  ...[`${STATE} own`, "stop stopped", `${STATE} stopped`, "stop -t 0 hard", `${STATE} hard`],
  ...["kill killed", `${STATE} killed`, "restart restarted", `${STATE} restarted`, "unpause restarted"],
  ...["rm -f still", `${STATE} still`, COUNTS],
];

/** Where newer Engines, which we follow, say it otherwise than 20.10: its text, and theirs. */
const NEWER_WORDS: readonly (readonly [RegExp, string])[] = [
  [/Container (<id> is not running)/g, "container $1"],
  [
    /You cannot remove a paused container <id>\. Unpause and then stop .*/,
    'cannot remove container "still": container is paused and must be unpaused first',
  ],
];

const newer = (text: string): string => NEWER_WORDS.reduce((words, [old, today]) => words.replace(old, today), text);

const TRAPS = "trap : HUP; trap 'exit 7' TERM INT; echo ready; while :; do sleep 0.05; done";
const DEAF_TO_TERM = "trap '' TERM; echo ready; while :; do sleep 0.05; done";
const PAUSED = ["still", "deaf", "own", "stopped", "hard", "killed", "restarted"];

describe("paused containers of ctr and of the real Docker Engine", () => {
  let engine: TestEngine;
  let real: RealDocker;
  let ours: Docker;

  before(async () => {
    [engine, real] = await Promise.all([TestEngine.start(), RealDocker.start()]);
    ours = (...argv) => engine.docker(argv);
    for (const docker of [ours, real.docker]) {
      await docker("network", "create", "side");
      await docker("run", "-d", "--name", "up", "busybox", "sleep", "1000");
      await docker("run", "--name", "down", "busybox", "true");
      await docker("create", "--name", "new", "busybox", "true");
      for (const name of PAUSED) {
        const own = name === "own" ? ["--stop-signal", "INT"] : [];
        await docker(
          "run",
          "-d",
          "--name",
          name,
          ...own,
          "busybox",
          "sh",
          "-c",
          name === "hard" ? DEAF_TO_TERM : TRAPS,
        );
        while ((await docker("logs", name)).stdout !== "ready\n");
      }
      assert.equal((await docker("pause", ...PAUSED)).stdout, `${PAUSED.join("\n")}\n`);
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
      const [exitCode, stdout, stderr] = comparable(theirs);
      assert.deepEqual(comparable(mine), [exitCode, stdout, newer(String(stderr))]);
    });
  }

  for (const command of ["pause up down no", "pause up", "exec up true", "rm up", "unpause no up", "unpause up"]) {
    it(`say the same to docker ${command} and to ctr ${command}`, async () => {
      const argv = command.split(" ");
      const [exitCode, stdout, stderr] = comparable(await real.docker(...argv));
      const text = newer(String(stderr)).replaceAll("still", "up");
      assert.deepEqual(comparable(await engine.ctr(argv)), [exitCode, stdout, text]);
    });
  }

  for (const name of ["deaf", "own", "stopped", "killed", "restarted"]) {
    it(`tell the same events of ${name}`, async () => {
      const argv = ["events", "--since", "10m", "--until", "0s", "--filter", `container=${name}`];
      const [theirs, mine] = await Promise.all(
        [real.docker, ours].map(async (docker) => {
          const { stdout } = await docker(...argv, "--filter", "type=container", "--format", "{{.Action}}");
          // Newer Engines tell of these two in either order.
          return stdout.replace("stop\ndie", "die\nstop").split("\n");
        }),
      );
      assert.deepEqual(mine, theirs);
    });
  }
});
