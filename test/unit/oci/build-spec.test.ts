import { deepEqual, equal, ok, throws } from "node:assert/strict";
import type { OciMount } from "../../../runtime/oci/spec.ts";
import type { ApiMount } from "../../../runtime/types.ts";
import { HOST, specOf, type Wishes } from "./host.ts";

const mountAt = (destination: string, wishes: Wishes = {}): OciMount | undefined =>
  specOf(wishes).mounts.find((mount) => mount.destination === destination);
const namespaces = (wishes: Wishes = {}): string[] => specOf(wishes).linux.namespaces.map(({ type }) => type);

describe("a specification", () => {
  it("has Docker's mounts in Docker's order", () => {
    // As Docker Engine 20.10 writes them into config.json.
    deepEqual(
      specOf().mounts.map(({ destination, type, source, options }) => [destination, type, source, options.join()]),
      [
        ["/proc", "proc", "proc", "nosuid,noexec,nodev"],
        ["/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"],
        ["/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"],
        ["/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro"],
        ["/sys/fs/cgroup", "cgroup", "cgroup", "ro,nosuid,noexec,nodev"],
        ["/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev"],
        ["/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=67108864"],
        ["/etc/resolv.conf", "bind", "/data/resolv.conf", "rbind,rprivate"],
        ["/etc/hostname", "bind", "/data/hostname", "rbind,rprivate"],
        ["/etc/hosts", "bind", "/data/hosts", "rbind,rprivate"],
      ],
    );
  });

  it("has the identity and the place of the container", () => {
    const { process, root, hostname, linux } = specOf({ input: { oomScoreAdj: 100 } });
    deepEqual(process.args, ["sh", "-c", "true"]);
    deepEqual([process.cwd, process.terminal, process.oomScoreAdj], ["/", false, 100]);
    deepEqual(root, { path: "/data/merged", readonly: false });
    deepEqual([hostname, linux.cgroupsPath], ["box", "/ctr/1"]);
    deepEqual(linux.maskedPaths, HOST.maskedPaths);
    ok(linux.readonlyPaths.includes("/proc/sys"));
    deepEqual(linux.resources.devices[0], { allow: false, access: "rwm" });
  });

  it("hands annotations to the runtime", () => {
    deepEqual(specOf({ hostConfig: { Annotations: { a: "b" } } }).annotations, { a: "b" });
    equal("annotations" in specOf({}), false);
  });

  it("takes other masked paths, none too", () => {
    const { linux } = specOf({ hostConfig: { MaskedPaths: [], ReadonlyPaths: ["/proc/bus"] } });
    deepEqual([linux.maskedPaths, linux.readonlyPaths], [[], ["/proc/bus"]]);
  });

  it("puts user mounts after the defaults, parents before children", () => {
    const hostConfig = { Binds: ["/b:/a/b/c:ro", "/a:/a"], Tmpfs: { "/a/b": "size=1m" } };
    deepEqual(
      specOf({ hostConfig })
        .mounts.map(({ destination }) => destination)
        .slice(7),
      ["/a", "/a/b", "/etc/resolv.conf", "/etc/hostname", "/etc/hosts", "/a/b/c"],
    );
    deepEqual(mountAt("/a/b/c", { hostConfig })?.options, ["rbind", "rro", "rprivate"]);
    deepEqual(mountAt("/a/b/c", { hostConfig, host: { recursiveReadOnly: false } })?.options, [
      ...["rbind", "ro", "rprivate"],
    ]);
    deepEqual(mountAt("/a/b", { hostConfig })?.options, ["noexec", "nosuid", "nodev", "rprivate", "size=1m"]);
  });

  it("takes mounts below a source along, or not, read-only or not, as asked", () => {
    const options = (BindOptions: NonNullable<ApiMount["BindOptions"]>, host = {}) => {
      const mount: ApiMount = { Type: "bind", Source: "/", Target: "/b", ReadOnly: true, BindOptions };
      return mountAt("/b", { hostConfig: { Mounts: [mount] }, host })?.options;
    };
    deepEqual(options({ NonRecursive: true }), ["bind", "ro", "rprivate"]);
    deepEqual(options({ ReadOnlyNonRecursive: true }), ["rbind", "ro", "rprivate"]);
    deepEqual(options({ ReadOnlyForceRecursive: true }), ["rbind", "rro", "rprivate"]);
    throws(() => options({ ReadOnlyForceRecursive: true }, { recursiveReadOnly: false }), /rro is not supported/);
    throws(() => options({ ReadOnlyForceRecursive: true, ReadOnlyNonRecursive: true }), /mount options conflict/);
  });

  it("lets a user mount take the place of a default, and /dev that of all below it", () => {
    const places = (Binds: string[]): string[] =>
      specOf({ hostConfig: { Binds } }).mounts.map(({ destination, source }) => `${source}:${destination}`);
    ok(places(["/mine:/etc/hosts"]).includes("/mine:/etc/hosts"));
    ok(!places(["/mine:/etc/hosts"]).includes("/data/hosts:/etc/hosts"));
    ok(!places(["/mine:/proc"]).includes("proc:/proc"));
    deepEqual(
      places(["/dev:/dev"]).filter((place) => place.includes(":/dev")),
      ["/dev:/dev"],
    );
  });

  it("mounts volumes, read-only where asked", () => {
    const volumes = [{ source: "/v/1", destination: "/srv", readOnly: true }];
    deepEqual(mountAt("/srv", { input: { volumes } })?.options, ["rbind", "rro", "rprivate"]);
  });

  it("opens the root's propagation only for binds that ask for it", () => {
    const propagation = (bind: string) => specOf({ hostConfig: { Binds: [bind] } }).linux.rootfsPropagation;
    equal(propagation("/a:/a"), undefined);
    equal(propagation("/a:/a:slave"), "rslave");
    equal(propagation("/a:/a:rshared"), "shared");
  });

  it("keeps a read-only root's name files read-only", () => {
    const hostConfig = { ReadonlyRootfs: true };
    equal(specOf({ hostConfig }).root.readonly, true);
    deepEqual(mountAt("/etc/hosts", { hostConfig })?.options, ["rbind", "rro", "rprivate"]);
  });

  it("sizes, shares or leaves out /dev/shm", () => {
    ok(mountAt("/dev/shm", { hostConfig: { ShmSize: 4096 } })?.options.includes("size=4096"));
    equal(mountAt("/dev/shm", { hostConfig: { IpcMode: "none" } }), undefined);
    equal(mountAt("/dev/shm", { hostConfig: { IpcMode: "host" } })?.source, "/dev/shm");
  });

  it("chooses namespaces by their modes", () => {
    deepEqual(namespaces(), ["mount", "network", "uts", "pid", "ipc"]);
    deepEqual(namespaces({ host: { unified: true } }), ["mount", "network", "uts", "pid", "ipc", "cgroup"]);
    deepEqual(namespaces({ hostConfig: { CgroupnsMode: "private" } }).at(-1), "cgroup");
    const hostConfig = { PidMode: "host", IpcMode: "host", UTSMode: "host", CgroupnsMode: "host" };
    deepEqual(namespaces({ hostConfig, host: { unified: true } }), ["mount", "network"]);
    equal(specOf({ hostConfig }).hostname, undefined);
    deepEqual(specOf().linux.namespaces[1], { type: "network", path: "/run/ctr/netns/1" });
  });

  for (const [field, value, text] of [
    ["PidMode", "x", "invalid PID mode: x"],
    ["IpcMode", "x", "invalid IPC mode: x"],
    ["UTSMode", "private", "invalid UTS mode: private"],
    ["CgroupnsMode", "x", "invalid cgroup namespace mode: x"],
    ["PidMode", "container:", "invalid PID mode: container:"],
    ["PidMode", "container:a", /another container/],
  ] as const) {
    it(`refuses ${field} ${value}`, () => {
      throws(() => specOf({ hostConfig: { [field]: value } }), { message: text });
    });
  }

  it("sets sysctls of its own network namespace only, and the asked ones over them", () => {
    const port = "net.ipv4.ip_unprivileged_port_start";
    deepEqual(specOf().linux.sysctl, { [port]: "0" });
    deepEqual(specOf({ hostConfig: { Sysctls: { [port]: "80" } } }).linux.sysctl, { [port]: "80" });
    deepEqual(specOf({ config: { Domainname: "lan" } }).linux.sysctl["kernel.domainname"], "lan");
    const spec = specOf({ hostNetwork: true });
    deepEqual(spec.linux.sysctl, {});
    ok(!spec.linux.namespaces.some(({ type }) => type === "network"));
  });

  it("gives a privileged container all that the engine has", () => {
    const hostConfig = { Privileged: true };
    const { process, linux, mounts } = specOf({ hostConfig });
    deepEqual(process.capabilities.bounding.toSorted(), HOST.capabilities.toSorted());
    deepEqual([linux.maskedPaths, linux.readonlyPaths, linux.seccomp], [[], [], undefined]);
    deepEqual(linux.resources.devices.at(-1), { allow: true, access: "rwm" });
    for (const path of ["/sys", "/sys/fs/cgroup"]) {
      ok(!mounts.find(({ destination }) => destination === path)?.options.includes("ro"), path);
    }
  });

  it("runs under an init where that has processes of its own", () => {
    const hostConfig = { Init: true };
    deepEqual(specOf({ hostConfig }).process.args, ["/sbin/docker-init", "--", "sh", "-c", "true"]);
    deepEqual(mountAt("/sbin/docker-init", { hostConfig })?.source, HOST.initProgram);
    deepEqual(specOf({ hostConfig: { Init: true, PidMode: "host" } }).process.args, ["sh", "-c", "true"]);
    throws(() => specOf({ hostConfig, host: { initProgram: undefined } }), { code: "CTR_INIT_MISSING" });
  });

  describe("seccomp", () => {
    const PROFILE = JSON.stringify({ defaultAction: "SCMP_ACT_ALLOW", syscalls: [] });
    const filter = (option: string | undefined, wishes: Wishes = {}) =>
      specOf({ ...wishes, hostConfig: { ...wishes.hostConfig, ...(option && { SecurityOpt: [`seccomp=${option}`] }) } })
        .linux.seccomp?.defaultAction;

    it("is the default profile, the given one, or none", () => {
      equal(filter(undefined), "SCMP_ACT_ERRNO");
      equal(filter("builtin"), "SCMP_ACT_ERRNO");
      equal(filter("unconfined"), undefined);
      equal(filter(PROFILE), "SCMP_ACT_ALLOW");
      equal(filter(PROFILE, { hostConfig: { Privileged: true } }), "SCMP_ACT_ALLOW");
    });

    it("is left out on a kernel without it, unless a profile is asked for", () => {
      equal(filter(undefined, { host: { seccomp: false } }), undefined);
      throws(() => filter(PROFILE, { host: { seccomp: false } }), /seccomp is not enabled in your kernel/);
    });

    it("is never left out because the default profile is missing", () => {
      throws(() => filter(undefined, { host: { seccompProfile: undefined } }), { code: "CTR_SECCOMP_PROFILE_MISSING" });
    });
  });

  it("takes its name from an AppArmor profile where there is AppArmor", () => {
    const hostConfig = { SecurityOpt: ["apparmor=mine", "no-new-privileges:true", "label=disable"] };
    equal(specOf({ hostConfig }).process.apparmorProfile, undefined);
    equal(specOf({ hostConfig, host: { appArmor: true } }).process.apparmorProfile, "mine");
    equal(specOf({ hostConfig }).process.noNewPrivileges, true);
  });

  for (const option of ["foo", "foo=bar", "no-new-privileges=perhaps"]) {
    it(`refuses the security option ${option}`, () => {
      throws(() => specOf({ hostConfig: { SecurityOpt: [option] } }), /^CtrError: invalid --security-opt \d: "/);
    });
  }
});
