import { deepEqual, equal, throws } from "node:assert/strict";
import { argumentVector, containerConfig, hostConfigOf, mergeConfig } from "../../../runtime/container/request.ts";

const IMAGE = {
  Cmd: ["serve"],
  Entrypoint: ["/entry"],
  Env: ["PATH=/bin", "MODE=image"],
  Labels: { from: "image", only: "image" },
  ExposedPorts: { "80/tcp": {} },
  User: "www",
  WorkingDir: "/srv",
  StopSignal: "SIGQUIT",
};
const ID = "0123456789ab".padEnd(64, "c");

const DEFAULTS = { network: "bridge", cgroupnsMode: "host", shmSize: 64 * 2 ** 20 } as const;

describe("a container's configuration", () => {
  const command = (asked: object) => {
    const { Entrypoint, Cmd } = mergeConfig(asked, IMAGE);
    return { Entrypoint, Cmd };
  };

  it("takes command and entrypoint from the image by Docker's rules", () => {
    deepEqual(command({}), { Entrypoint: ["/entry"], Cmd: ["serve"] });
    deepEqual(command({ Cmd: ["sh"] }), { Entrypoint: ["/entry"], Cmd: ["sh"] });
    deepEqual(command({ Entrypoint: ["/own"] }), { Entrypoint: ["/own"], Cmd: null });
    deepEqual(command({ Entrypoint: ["/own"], Cmd: ["x"] }), { Entrypoint: ["/own"], Cmd: ["x"] });
    deepEqual(command({ Entrypoint: [""], Cmd: ["sh"] }), { Entrypoint: null, Cmd: ["sh"] });
    deepEqual(command({ Entrypoint: [], Cmd: null }), { Entrypoint: ["/entry"], Cmd: ["serve"] });
  });

  it("has its own variables, labels and ports, and the image's beside them", () => {
    const merged = mergeConfig(
      { Env: ["MODE=own", "FLAG"], Labels: { from: "own" }, ExposedPorts: { "443/tcp": {} } },
      IMAGE,
    );
    deepEqual(merged.Env, ["MODE=own", "FLAG", "PATH=/bin"]);
    deepEqual(merged.Labels, { from: "own", only: "image" });
    deepEqual(Object.keys(merged.ExposedPorts ?? {}).toSorted(), ["443/tcp", "80/tcp"]);
  });

  it("takes user, directory and stop signal from the image when it names none", () => {
    const { User, WorkingDir, StopSignal } = mergeConfig({ User: "", WorkingDir: "/own" }, IMAGE);
    deepEqual({ User, WorkingDir, StopSignal }, { User: "www", WorkingDir: "/own", StopSignal: "SIGQUIT" });
  });

  it("is named after its id unless it has a hostname or shares the host's", () => {
    equal(containerConfig({}, IMAGE, ID, "machine").Hostname, "0123456789ab");
    equal(containerConfig({ Hostname: "own" }, IMAGE, ID, "machine").Hostname, "own");
    equal(containerConfig({ HostConfig: { NetworkMode: "host" } }, IMAGE, ID, "machine").Hostname, "machine");
  });

  it("is refused without a command, with a bad signal, or with a relative directory", () => {
    throws(() => containerConfig({}, {}, ID, "m"), { message: "No command specified", status: 400 });
    throws(() => containerConfig({ Entrypoint: [""] }, IMAGE, ID, "m"), { message: "No command specified" });
    throws(() => containerConfig({ StopSignal: "NONE" }, IMAGE, ID, "m"), { message: "invalid signal: NONE" });
    throws(() => containerConfig({ WorkingDir: "srv" }, IMAGE, ID, "m"), /needs to be an absolute path/);
  });

  it("is refused with a health check faster than a millisecond, or less than no retries", () => {
    const check = (Healthcheck: object) => () => containerConfig({ Healthcheck }, IMAGE, ID, "m");
    throws(check({ Interval: 999_999 }), { message: "Interval in Healthcheck cannot be less than 1ms", status: 400 });
    throws(check({ StartInterval: -1 }), /StartInterval in Healthcheck cannot be less than 1ms/);
    throws(check({ Retries: -1 }), /Retries in Healthcheck cannot be negative/);
    check({ Interval: 1_000_000, Timeout: 0, StartPeriod: 2_000_000, Retries: 0 })();
  });

  it("has a directory without dots and slashes too many", () => {
    const directory = (WorkingDir: string) => containerConfig({ WorkingDir }, IMAGE, ID, "m").WorkingDir;
    deepEqual(["/tmp/", "/", "//a/./b/../c//", ""].map(directory), ["/tmp", "/", "/a/c", "/srv"]);
  });

  it("does not keep what belongs to the host or the network", () => {
    const config = containerConfig({ HostConfig: {}, NetworkingConfig: {} }, IMAGE, ID, "m");
    equal("HostConfig" in config, false);
    equal("NetworkingConfig" in config, false);
  });
});

describe("the argument vector", () => {
  it("is entrypoint and command", () => {
    deepEqual(argumentVector({ Entrypoint: ["/e", "1"], Cmd: ["2"] }), ["/e", "1", "2"]);
    deepEqual(argumentVector({ Entrypoint: null, Cmd: ["sh"] }), ["sh"]);
  });
});

describe("HostConfig", () => {
  it("is filled with Docker's defaults", () => {
    const { NetworkMode, ShmSize, IpcMode, LogConfig, RestartPolicy, AutoRemove, CgroupnsMode } = hostConfigOf(
      {},
      DEFAULTS,
    );
    deepEqual(
      { NetworkMode, ShmSize, IpcMode, LogConfig, RestartPolicy, AutoRemove, CgroupnsMode },
      {
        NetworkMode: "bridge",
        ShmSize: 67108864,
        IpcMode: "private",
        LogConfig: { Type: "json-file", Config: {} },
        RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
        AutoRemove: false,
        CgroupnsMode: "host",
      },
    );
    equal(hostConfigOf({}, { ...DEFAULTS, cgroupnsMode: "private" }).CgroupnsMode, "private");
    equal(hostConfigOf({ NetworkMode: "none" }, DEFAULTS).NetworkMode, "none");
  });

  it("is refused for what does not exist", () => {
    throws(
      () => hostConfigOf({ LogConfig: { Type: "syslog" } }, DEFAULTS),
      /no log driver named 'syslog' is registered/,
    );
    throws(() => hostConfigOf({ ShmSize: -1 }, DEFAULTS), /SHM size can not be less than 0/);
    throws(() => hostConfigOf({ Annotations: { "": "a" } }, DEFAULTS), {
      message: "invalid Annotations: the empty string is not permitted as an annotation key",
      status: 400,
    });
  });

  it("takes the options that log drivers have, and no others", () => {
    const config = (Config: Record<string, string>, Type = "") =>
      hostConfigOf({ LogConfig: { Type, Config } }, DEFAULTS).LogConfig;
    deepEqual(config({ "max-size": "1m", mode: "non-blocking" }), {
      Type: "json-file",
      Config: { "max-size": "1m", mode: "non-blocking" },
    });
    deepEqual(config({ anything: "x" }, "none"), { Type: "none", Config: { anything: "x" } });
    throws(() => config({ "max-sise": "1m" }), {
      message: "unknown log opt 'max-sise' for json-file log driver",
      status: 400,
    });
    throws(() => config({ mode: "fast" }, "local"), { message: "logger: logging mode not supported: fast" });
  });

  it("has no limit of processes from 0 downwards", () => {
    for (const PidsLimit of [0, -1, -2, null]) equal(hostConfigOf({ PidsLimit }, DEFAULTS).PidsLimit, null);
    equal(hostConfigOf({ PidsLimit: 5 }, DEFAULTS).PidsLimit, 5);
  });
});
