/** The same docker commands against ctr and against the real Docker Engine: exit codes and texts are the same. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { CommandResult } from "../../../lib/command.ts";
import { TestEngine } from "../../support/engine.ts";
import { busyboxArchive } from "../../support/images.ts";
import { PrivateHost } from "../../support/private-host.ts";
import { waitFor } from "../../support/wait.ts";

type Docker = (...argv: readonly string[]) => Promise<CommandResult>;

/** Wrong in a way that both engines tell in the same words. `up` runs, `down` has ended, `new` was never started. */
const COMMANDS: readonly string[] = [
  ...["start", "stop", "restart", "rm", "logs", "top", "port", "wait", "inspect", "attach"].map((verb) => `${verb} no`),
  ...["rm -f no", "rename no other", "exec no true", "stats --no-stream no", "container inspect no"],
  ...["start up", "stop down", "stop new", "attach down", "port up 81", "logs --tail x up", "wait down", "start down"],
  ...["create --name b@d busybox", "create --name up busybox", "rename up up"],
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
  let host: PrivateHost;
  let real: Docker;
  let ours: Docker;

  before(async () => {
    [engine, host] = await Promise.all([TestEngine.start(), PrivateHost.start()]);
    ours = (...argv) => engine.docker(argv);
    real = await startDocker(host);
    for (const docker of [ours, real]) {
      await docker("run", "-d", "--name", "up", "busybox", "sleep", "1000");
      await docker("run", "--name", "down", "busybox", "true");
      await docker("create", "--name", "new", "busybox", "true");
    }
  });
  after(async () => {
    if (real !== undefined) await real("rm", "-f", "up", "down", "new");
    await host?.[Symbol.asyncDispose]();
    await engine?.[Symbol.asyncDispose]();
  });

  for (const command of COMMANDS) {
    it(`say the same to docker ${command}`, async () => {
      const argv = command.split(" ");
      const [theirs, mine] = await Promise.all([real(...argv), ours(...argv)]);
      assert.deepEqual(comparable(mine), comparable(theirs));
    });
  }
});

async function startDocker(host: PrivateHost): Promise<Docker> {
  const socket = join(host.directory, "docker.sock");
  const roots = ["--data-root", join(host.directory, "data"), "--exec-root", join(host.directory, "run")];
  const flags = [...roots, "-H", `unix://${socket}`, "-p", join(host.directory, "docker.pid")];
  // Docker keeps state under /run/docker besides its exec-root; containerd's sockets must be this host's own.
  const setUp = `mount -t tmpfs tmpfs /run && exec dockerd "$@" >${host.directory}/log 2>&1`;
  host.spawn(["sh", "-c", setUp, "sh", ...flags]);
  const docker: Docker = (...argv) => host.run(["docker", "-H", `unix://${socket}`, ...argv]);
  await waitFor("dockerd", async () => (await docker("version")).exitCode === 0, 60_000);
  await docker("load", "-i", await busyboxArchive());
  return docker;
}

/**
 * Ids are each engine's own. So is the request that refuses: the CLI adds a line about its help to what `create` refuses,
 * none to what `start` does (an unknown network: ours looks at it at once). And old CLIs log, or not, that they waited.
 */
function comparable({ exitCode, stdout, stderr }: CommandResult): readonly (number | string | null)[] {
  const general = (text: string): string =>
    text
      .replace(/\b([0-9a-f]{64}|[0-9a-f]{12})\b/g, "<id>")
      .replace(/^time=".*\n/gm, "")
      .replace(/^(See|Run) 'docker run --help'.*\n|^\n(?=Run 'docker run --help')/gm, "");
  return [exitCode, general(stdout), general(stderr)];
}
