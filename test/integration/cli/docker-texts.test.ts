/** What the clients refuse before they ask an engine: `ctr` in the words of the real docker CLI, and with its exit codes. */
import assert from "node:assert/strict";
import { runFailure } from "../../../bin/cli/container/failure.ts";
import { CONTAINER_OPTIONS } from "../../../bin/cli/container/options.ts";
import { createRequest } from "../../../bin/cli/container/request.ts";
import { CliError, ExitCode } from "../../../bin/cli/errors.ts";
import { FlagError } from "../../../bin/flags/errors.ts";
import { parseFlags } from "../../../bin/flags/parse.ts";
import { runCommand } from "../../../lib/command.ts";
import { dockerVersion, TODAYS_DOCKER } from "../../support/docker-version.ts";

/** Flags of `run`, all wrong in themselves. */
const WRONG: readonly string[] = [
  ...["", "=", "=x", "=1:2:3", "=3:2", "=-1:5", "=1:"].map((value) => `--ulimit nofile${value}`),
  "--ulimit odd=1",
  ...["x", "0.1234567891", "1.2.3", "-x"].map((value) => `--cpus ${value}`),
  ...["x", "1x", "64q", "-5", "1.2.3m", "", "m"].map((value) => `-m ${value}`),
  ...["memory-swap -2", "memory-reservation x", "shm-size x", "kernel-memory x"].map((value) => `--${value}`),
  ...["memory-swappiness 101", "memory-swappiness x", "oom-kill-disable=x", "oom-score-adj 1.5"].map((v) => `--${v}`),
  ...["cpu-shares x", "cpu-period 1.5", "cpu-quota x", "cpu-rt-period x", "cpu-rt-runtime x"].map((v) => `--${v}`),
  ...["pids-limit x", "pids-limit 99999999999999999999"].map((value) => `--${value}`),
  ...["-1", "x", "70000"].map((value) => `--blkio-weight ${value}`),
  ...["x", "sda:100", "/dev/sda:9", "/dev/sda:x", "/dev/sda:1001"].map((value) => `--blkio-weight-device ${value}`),
  ...["x", "sda:5", "/dev/sda:x", "/dev/sda:"].map((value) => `--device-read-bps ${value}`),
  ...["x", "/dev/sda:1mb"].map((value) => `--device-write-iops ${value}`),
  ...["x", "c", "c_1:3_x", "d_1:3_r"].map((value) => `--device-cgroup-rule=${value}`),
  "--storage-opt size",
  "--cgroupns odd",
];

/** Underscores stand for spaces inside of a word. */
const words = (line: string): string[] => line.split(" ").map((word) => word.replaceAll("_", " "));

interface Refusal {
  /** The first line, without the program's name. */
  readonly reason: string;
  readonly exitCode: number | null;
}

const refusal = (text: string, exitCode: number | null): Refusal => ({
  reason: (text.split("\n")[0] ?? "").replace(/^(docker|ctr): /, ""),
  exitCode,
});

const ANY = Array.from({ length: 256 }, (_, code) => code);

/** The docker CLI, with an engine that is not there. */
async function refusalOfDocker(flags: string): Promise<Refusal> {
  const argv = ["docker", "-H", "unix:///nowhere.sock", "run", ...words(flags), "busybox", "true"] as const;
  const { stderr, exitCode } = await runCommand(argv, { expect: ANY });
  return refusal(stderr, exitCode);
}

function refusalOfCtr(flags: string): Refusal {
  try {
    const { values } = parseFlags([...words(flags), "busybox", "true"], CONTAINER_OPTIONS, { interspersed: false });
    createRequest({ values, image: "busybox", command: ["true"], detached: false });
  } catch (error) {
    if (error instanceof FlagError) return refusal(error.message, ExitCode.notRun);
    const shown = runFailure(error, "run");
    if (shown instanceof CliError) return refusal(shown.message, shown.exitCode);
    throw error;
  }
  throw new Error(`taken: ${flags}`);
}

describe("wrong flags", () => {
  before(async function () {
    if ((await dockerVersion()) < TODAYS_DOCKER) this.skip();
  });

  for (const flags of WRONG) {
    it(`run ${flags}`, async () => assert.deepEqual(refusalOfCtr(flags), await refusalOfDocker(flags)));
  }
});
