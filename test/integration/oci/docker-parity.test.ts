/** What a container of ours sees is what a container of the real Docker Engine (20.10) sees on the same machine. */
import { deepEqual } from "node:assert/strict";
import { join } from "node:path";
import { busyboxRootFileSystem } from "../../../bin/quickstart/busybox-image.ts";
import { buildExecProcess } from "../../../runtime/oci/index.ts";
import { PrivateHost } from "../../support/private-host.ts";
import { waitFor } from "../../support/wait.ts";
import { Box } from "./box.ts";

/** Newer Docker Engines hide these; 20.10 does not. */
const NEWLY_MASKED = /\/proc\/interrupts|powercap|thermal_throttle/;

const LOOK = [
  "cat /proc/1/environ | tr '\\0' '\\n'",
  "id",
  "grep -E 'Cap|NoNewPrivs|Seccomp:' /proc/self/status",
  "ls -l /dev | awk '{ print $1, $3, $4, $5, $6, $NF }'",
  // The root and the name files are on other devices there, and a mount's size is rounded the same.
  'awk \'$2 != "/" && $2 !~ "^/etc/" { print $1, $2, $3, $4 }\' /proc/mounts',
  "cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/net/ipv4/ping_group_range",
  "hostname; pwd",
];

describe("beside the real Docker Engine", () => {
  let box: Box;
  let host: PrivateHost;
  let docker: (...argv: readonly string[]) => Promise<string>;

  before(async () => {
    box = await Box.start();
    host = await PrivateHost.start();
    const client = ["docker", "-H", `unix://${join(host.directory, "d.sock")}`];
    docker = (...argv) => host.output([...client, ...argv]);
    const roots = ["--data-root", join(host.directory, "data"), "--exec-root", join(host.directory, "run")];
    const flags = [...roots, "-H", `unix://${join(host.directory, "d.sock")}`, "-p", join(host.directory, "pid")];
    // containerd's sockets under /run must be this host's own.
    host.spawn([
      "sh",
      "-c",
      `mount -t tmpfs tmpfs /run && exec dockerd "$@" >${host.directory}/log 2>&1`,
      "sh",
      ...flags,
    ]);
    await waitFor("dockerd", async () => (await host.run([...client, "version"])).exitCode === 0, 60_000);
    await host.output([...client, "import", "-", "busybox:latest"], { input: await busyboxRootFileSystem() });
  });

  after(async () => {
    await host?.[Symbol.asyncDispose]();
    await box?.[Symbol.asyncDispose]();
  });

  const facts = (output: string): string[] =>
    output
      .split("\n")
      .filter((line) => !NEWLY_MASKED.test(line))
      .map((line) => line.trimEnd());

  for (const [title, flags, options] of [
    ["without wishes", [], {}],
    [
      "with variables, a directory, a user and capabilities",
      ["-e", "A=1", "-e", "PATH=/bin", "-w", "/srv", "-u", "1:2", "--cap-drop", "ALL", "--cap-add", "net_admin"],
      {
        config: { Env: ["A=1", "PATH=/bin"], WorkingDir: "/srv", User: "1:2" },
        hostConfig: { CapDrop: ["ALL"], CapAdd: ["net_admin"] },
      },
    ],
    [
      "with a read-only root, tmpfs, binds, its own cgroup namespace and shared memory",
      [
        ...[
          "--read-only",
          "--tmpfs",
          "/run:size=1m",
          "-v",
          "/usr/share:/a/b:ro",
          "--shm-size",
          "1m",
          "--ipc",
          "private",
        ],
        ...["--cgroupns", "private", "--security-opt", "no-new-privileges", "--security-opt", "seccomp=unconfined"],
      ],
      {
        hostConfig: {
          ...{ ReadonlyRootfs: true, Tmpfs: { "/run": "size=1m" }, Binds: ["/usr/share:/a/b:ro"], ShmSize: 2 ** 20 },
          ...{ IpcMode: "private", CgroupnsMode: "private" },
          SecurityOpt: ["no-new-privileges", "seccomp=unconfined"],
        },
      },
    ],
  ] as const) {
    it(`looks the same ${title}`, async () => {
      const script = LOOK.join("; ");
      const theirs = await docker(
        "run",
        "--rm",
        "--network",
        "none",
        "-h",
        "box",
        ...flags,
        "busybox",
        "sh",
        "-c",
        script,
      );
      deepEqual(facts(await box.output(script, options)), facts(theirs));
    });
  }

  it("looks the same to a further program", async () => {
    const script = "env | sort; id; pwd; grep Cap /proc/self/status";
    await docker(
      "run",
      "-d",
      "--name",
      "other",
      "--network",
      "none",
      "-h",
      "box",
      "-e",
      "A=1",
      "busybox",
      "sleep",
      "99",
    );
    const theirs = await docker("exec", "-e", "B=2", "-w", "/tmp", "-u", "5", "other", "sh", "-c", script);
    await docker("rm", "-f", "other");
    const config = { Hostname: "box", Env: ["A=1"] };
    await box.withContainer({ config }, async (exec) => {
      const request = { Cmd: ["sh", "-c", script], Env: ["B=2"], WorkingDir: "/tmp", User: "5" };
      const process = buildExecProcess(
        { container: { config, hostConfig: {} }, rootfs: box.rootfs, request },
        box.host,
      );
      deepEqual(facts((await exec(process)).stdout.trimEnd()), facts(theirs));
    });
  });
});
