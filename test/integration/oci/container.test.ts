/** Specifications as the kernel and the OCI runtime take them: real containers that look at themselves. */
import { deepEqual, equal, match, notEqual, ok, rejects } from "node:assert/strict";
import { readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { capabilitiesOfMask, DEFAULT_CAPABILITIES } from "../../../runtime/oci/capabilities.ts";
import { buildExecProcess, exitCodeOfFailure, mapRuntimeError } from "../../../runtime/oci/index.ts";
import type { HostConfig } from "../../../runtime/types.ts";
import { Box, type BoxOptions } from "./box.ts";

describe("a container by the OCI runtime", () => {
  let box: Box;
  before(async () => {
    box = await Box.start();
  });
  after(() => box[Symbol.asyncDispose]());

  const output = (script: string, options?: BoxOptions): Promise<string> => box.output(script, options);
  const lines = async (script: string, options?: BoxOptions): Promise<string[]> =>
    (await output(script, options)).split("\n");
  /** Bounding set, seccomp mode, and whether new privileges are refused. */
  const status = async (hostConfig: HostConfig): Promise<Record<string, string>> =>
    Object.fromEntries((await lines("cat /proc/self/status", { hostConfig })).map((line) => line.split(":\t")));
  /** Options of the mount at a path. */
  const mountOptions = async (path: string, options?: BoxOptions): Promise<string[]> =>
    (await output(`awk '$2 == "${path}" { print $4 }' /proc/mounts | tail -1`, options)).split(",");

  it("has its environment, identity, directory and score", async () => {
    const config = { Env: ["A=1", "B=x y"], WorkingDir: "/made/for/it", Domainname: "example.org" };
    const script = "cat /proc/1/environ | tr '\\0' '\\n' | head -5; hostname; cat /proc/sys/kernel/domainname; pwd; id";
    deepEqual(await lines(script, { config }), [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      ...["HOSTNAME=box", "A=1", "B=x y", "HOME=/root"],
      ...["box", "example.org", "/made/for/it", "uid=0(root) gid=0(root) groups=0(root)"],
    ]);
    equal(await output("cat /proc/self/oom_score_adj"), "100");
    equal(await output("cat /etc/hosts /etc/hostname /etc/resolv.conf"), "hosts\nhostname\nresolv.conf");
  });

  it("runs as another user, with its groups and its home", async () => {
    const config = { User: "web" };
    deepEqual(await lines("id; echo $HOME", { config }), [
      "uid=33(web) gid=34(web) groups=34(web),50(extra)",
      "/home/web",
    ]);
    match(await output("grep CapEff /proc/self/status", { config }), /:\t0+$/);
  });

  it("has Docker's capabilities and a seccomp filter", async () => {
    const { CapBnd, CapEff, CapInh, CapAmb, Seccomp, NoNewPrivs } = await status({});
    deepEqual(capabilitiesOfMask(CapBnd ?? "").toSorted(), DEFAULT_CAPABILITIES.toSorted());
    equal(CapEff, CapBnd);
    deepEqual([CapInh, CapAmb].map(Number), [0, 0]);
    deepEqual([Seccomp, NoNewPrivs], ["2", "0"]);
  });

  it("has the capabilities that are asked for", async () => {
    const bounding = async (hostConfig: HostConfig) => capabilitiesOfMask((await status(hostConfig))["CapBnd"] ?? "");
    deepEqual(await bounding({ CapDrop: ["ALL"], CapAdd: ["NET_ADMIN"] }), ["CAP_NET_ADMIN"]);
    deepEqual(await bounding({ CapAdd: ["ALL"] }), box.host.capabilities);
  });

  it("has the devices that every container has, and no use of others", async () => {
    deepEqual(
      (await lines("ls /dev")).filter((name) => name !== "core"),
      [
        ...["fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm"],
        ...["stderr", "stdin", "stdout", "tty", "urandom", "zero"],
      ],
    );
    // The kernel log: the node can be made, and the devices cgroup refuses its use.
    const script = "mknod /tmp/log c 1 11; dd if=/tmp/log of=/dev/null bs=1 count=1 2>&1; rm /tmp/log";
    match(await output(script), /Operation not permitted/);
    equal(await output("head -c 4 /dev/zero | wc -c; echo x >/dev/null; echo >/dev/stdout"), "4");
  });

  it("sees neither the host's secrets nor can it change the host", async () => {
    equal(await output("cat /proc/keys /proc/timer_list; ls /sys/firmware /proc/acpi | grep -v :"), "");
    for (const path of ["/proc/sys/kernel/hostname", "/sys/kernel/profiling", "/proc/sysrq-trigger"]) {
      match(
        (await box.run(["sh", "-c", `echo x >${path}`])).stderr,
        /Read-only file system|Permission denied|nonexistent/,
      );
    }
    ok((await mountOptions("/sys")).includes("ro"));
    ok((await mountOptions("/proc/sys")).includes("ro"));
    match(await output("mkdir $(awk '$3 ~ /^cgroup/ { print $2; exit }' /proc/mounts)/x 2>&1 || true"), /Read-only/);
    deepEqual((await mountOptions("/dev/shm")).includes("size=65536k"), true);
  });

  it("opens low ports without a capability", async () => {
    equal(
      await output("cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/net/ipv4/ping_group_range"),
      "0\n0\t2147483647",
    );
    notEqual(readFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8").trim(), "0");
  });

  it("is refused system calls by the default profile and by its own", async () => {
    // With the capability alone the kernel would say that the file is no swap space.
    const swapon = (...SecurityOpt: string[]) =>
      output("swapon /etc/passwd 2>&1 || true", { hostConfig: { CapAdd: ["SYS_ADMIN"], SecurityOpt } });
    match(await swapon(), /Operation not permitted/);
    match(await swapon("seccomp=unconfined"), /Invalid argument/);
    const syscalls = [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 122 }];
    const profile = JSON.stringify({ defaultAction: "SCMP_ACT_ALLOW", syscalls });
    const hostConfig = { SecurityOpt: [`seccomp=${profile}`, "no-new-privileges"] };
    match(
      await output("mkdir /tmp/x 2>&1 || true; grep NoNewPrivs /proc/self/status", { hostConfig }),
      /exceeded\nNoNewPrivs:\t1$/,
    );
  });

  it("gets what the engine has when it is privileged", async () => {
    const hostConfig = { Privileged: true };
    const { CapBnd, CapEff, Seccomp } = await status(hostConfig);
    deepEqual(capabilitiesOfMask(CapEff ?? ""), box.host.capabilities);
    deepEqual([CapEff, Seccomp], [CapBnd, "0"]);
    for (const path of ["/sys", "/proc/sys"]) ok(!(await mountOptions(path, { hostConfig })).includes("ro"), path);
    equal(
      await output("echo 5 >/proc/sys/net/ipv4/ip_default_ttl; cat /proc/sys/net/ipv4/ip_default_ttl", { hostConfig }),
      "5",
    );
    const node = "/dev/kmsg";
    const { rdev } = statSync(node);
    equal(
      await output(`stat -c %t:%T ${node}; dd if=${node} of=/dev/null bs=8k count=1 2>/dev/null`, { hostConfig }),
      "1:b",
    );
    equal(rdev, 0x10b);
  });

  it("cannot write to a read-only root, only to what is mounted", async () => {
    const hostConfig = { ReadonlyRootfs: true, Tmpfs: { "/run": "size=1m,exec" }, Binds: ["/tmp:/host/tmp:ro"] };
    match(await output("touch /x /etc/hosts /host/tmp/x 2>&1 || true", { hostConfig }), /\/x: R.*hosts: R.*tmp\/x: R/s);
    equal(await output("touch /run/x && ls /run", { hostConfig }), "x");
    const options = await mountOptions("/run", { hostConfig });
    deepEqual(
      [options.includes("size=1024k"), options.includes("nosuid"), options.includes("noexec")],
      [true, true, false],
    );
  });

  it("mounts directories and files of the host, and makes a missing directory", async () => {
    const made = join(box.directory, "made/deep");
    const file = join(box.directory, "file");
    writeFileSync(file, "from the host\n");
    const hostConfig = { Binds: [`${made}:/data`, `${file}:/data/file:ro`, `${file}:/etc/hosts`] };
    deepEqual(await lines("cat /data/file /etc/hosts; echo written >/data/back", { hostConfig }), [
      "from the host",
      "from the host",
    ]);
    equal(readFileSync(join(made, "back"), "utf8"), "written\n");
    await rejects(output("true", { hostConfig: { Binds: ["/tmp:/x:shared"] } }), /not a shared mount/);
  });

  it("shares namespaces of the host where it is asked to", async () => {
    const links = "for name in pid ipc uts; do readlink /proc/self/ns/$name; done";
    const own = await lines(links);
    const shared = await lines(links, { hostConfig: { PidMode: "host", IpcMode: "host", UTSMode: "host" } });
    for (const [position, link] of shared.entries()) notEqual(link, own[position]);
    equal(
      await output("readlink /proc/self/ns/cgroup", { hostConfig: { CgroupnsMode: "host" } }),
      readlinkSync("/proc/self/ns/cgroup"),
    );
    const hostConfig = { CgroupnsMode: "private" };
    match(await output("cat /proc/self/cgroup", { hostConfig }), /:\/$/m);
    notEqual(await output("readlink /proc/self/ns/cgroup", { hostConfig }), readlinkSync("/proc/self/ns/cgroup"));
    equal(await output("ls -d /dev/shm || true", { hostConfig: { IpcMode: "none" } }), "");
  });

  it("runs under an init", async () => {
    // Without an init the orphan stays a zombie for good; with one it may be seen as such for a moment.
    const reaped = "for i in $(seq 500); do ps -o stat | grep -q Z || { echo reaped; break; }; done";
    const script = `tr '\\0' ' ' </proc/1/cmdline; (sleep 0 & exec true); ${reaped}`;
    match(await output(script, { hostConfig: { Init: true } }), /^\/sbin\/docker-init -- sh -c .*\breaped$/s);
  });

  it("has the resource limits that are asked for", async () => {
    const Ulimits = [
      { Name: "nofile", Soft: 100, Hard: 200 },
      { Name: "core", Soft: -1, Hard: -1 },
    ];
    const script = "grep -E 'open files|core file' /proc/self/limits | awk '{ print $4, $5, $6 }'";
    deepEqual(await lines(script, { hostConfig: { Ulimits } }), ["size unlimited unlimited", "100 200 files"]);
  });

  it("has a terminal", async () => {
    const { stdout } = await box.run(["sh", "-c", "tty; echo $TERM; ls /dev/console"], {
      config: { Tty: true },
    });
    // script(1) may echo the end of its own input first.
    deepEqual(
      stdout
        .replace(/^\W+(?=\/)/, "")
        .trim()
        .split(/\r?\n/),
      ["/dev/pts/0", "xterm", "/dev/console"],
    );
  });

  it("runs further programs, as themselves or with more rights", async () => {
    const config = { Hostname: "box", Env: ["A=1"], WorkingDir: "/srv" };
    await box.withContainer({ config }, async (exec) => {
      const run = async (request: object): Promise<string> => {
        const container = { config, hostConfig: {} };
        const script = 'id -un; pwd; echo $A$B; grep -E "CapBnd|Seccomp:" /proc/self/status';
        const process = buildExecProcess(
          { container, rootfs: box.rootfs, request: { Cmd: ["sh", "-c", script], ...request } },
          box.host,
        );
        const { stdout, stderr } = await exec(process);
        return stdout + stderr;
      };
      match(await run({}), /^root\n\/srv\n1\nCapBnd:\t00000000a80425fb\nSeccomp:\t2\n$/);
      match(await run({ User: "web", WorkingDir: "/tmp", Env: ["A=2", "B=3"] }), /^web\n\/tmp\n23\n/);
      const [, mask = ""] = /CapBnd:\t(\w+)/.exec(await run({ Privileged: true })) ?? [];
      deepEqual(capabilitiesOfMask(mask), box.host.capabilities);
    });
  });

  describe("that cannot start", () => {
    const failure = async (argv: readonly string[], options?: BoxOptions) => {
      const { stderr, stdout, exitCode } = await box.run(argv, options);
      notEqual(exitCode, 0);
      const [, quoted = JSON.stringify(stderr + stdout)] = /level=error msg=("(?:[^"\\]|\\.)*")/.exec(stderr) ?? [];
      return mapRuntimeError(JSON.parse(quoted) as string);
    };

    for (const [title, argv, exitCode, text] of [
      ["a program that is not there", "nosuch", 127, /exec: "nosuch": executable file not found in \$PATH: unknown$/],
      ["a path that is not there", "/bin/nosuch", 127, /exec: "\/bin\/nosuch": .*no such file or directory: unknown$/],
      ["a file that is no program", "/etc/passwd", 126, /permission denied: unknown$/],
      ["a directory", "/etc", 126, /permission denied/],
    ] as const) {
      it(`says so for ${title}`, async () => {
        const error = await failure([argv]);
        deepEqual([exitCodeOfFailure(error), error.status], [exitCode, 400]);
        match(error.message, text);
      });
    }

    it("says so for a file that is mounted onto a directory", async () => {
      const error = await failure(["true"], { hostConfig: { Binds: [`${join(box.directory, "hosts")}:/etc`] } });
      equal(exitCodeOfFailure(error), 127);
      match(
        error.message,
        /not a directory: unknown: Are you trying to mount a directory onto a file \(or vice-versa\)\?/,
      );
    });

    it("says so for a sysctl that is the host's, with 128", async () => {
      const error = await failure(["true"], { hostConfig: { Sysctls: { "vm.swappiness": "1" } } });
      deepEqual([exitCodeOfFailure(error), error.status], [128, 500]);
    });

    it("never gets to the runtime for a user or a directory that cannot be", async () => {
      await rejects(box.run(["true"], { config: { User: "nobody-here" } }), {
        message: "unable to find user nobody-here: no matching entries in passwd file",
      });
      await rejects(box.run(["true"], { config: { WorkingDir: "/etc/passwd" } }), {
        message: "Cannot mkdir: /etc/passwd is not a directory",
      });
    });
  });
});
