import { deepEqual, match, throws } from "node:assert/strict";
import { checkContainer } from "../../../runtime/oci/check.ts";
import { detectOciHost, parseHardLimits } from "../../../runtime/oci/host.ts";
import type { ContainerConfig, HostConfig } from "../../../runtime/types.ts";
import { HOST } from "./host.ts";

const check = (hostConfig: HostConfig, config: ContainerConfig = {}, host = HOST) =>
  checkContainer(config, hostConfig, host).warnings;

describe("judging a container", () => {
  it("finds nothing wrong with an ordinary one", () => {
    deepEqual(check({}, { Hostname: "box", Env: ["A=1", "B"] }), []);
  });

  it("warns of capabilities that the engine lacks", () => {
    const [warning = ""] = check({ Privileged: true });
    match(warning, /^The engine itself does not have CAP_DAC_READ_SEARCH, .*: the container runs without them\.$/);
  });

  for (const [hostConfig, config, text] of [
    [{}, { Env: ["=x"] }, "invalid environment variable: =x"],
    [{}, { Env: [""] }, "invalid environment variable: "],
    [{}, { Hostname: "h".repeat(65) }, `hostname "${"h".repeat(65)}" is too long (maximum 64 bytes)`],
    [{ CapAdd: ["x"] }, {}, 'invalid CapAdd: unknown capability: "CAP_X"'],
    [{ SecurityOpt: ["x"] }, {}, 'invalid --security-opt 1: "x"'],
    [{ SecurityOpt: ["seccomp=["] }, {}, /^Decoding seccomp profile failed/],
    [{ IpcMode: "x" }, {}, "invalid IPC mode: x"],
    [{ Binds: ["/a:b"] }, {}, /mount path must be absolute$/],
    [
      { Mounts: [{ Type: "bind", Source: "/no/such", Target: "/x" }] },
      {},
      /bind source path does not exist: \/no\/such$/,
    ],
    [{ Ulimits: [{ Name: "nofile", Soft: 1, Hard: 99999 }] }, {}, /CAP_SYS_RESOURCE is missing/],
  ] as const) {
    it(`refuses ${JSON.stringify(hostConfig)} with ${JSON.stringify(config).slice(0, 40)}`, () => {
      throws(() => check(hostConfig as HostConfig, config), { message: text });
    });
  }

  it("refuses an init that is not installed", () => {
    throws(() => check({ Init: true }, {}, { ...HOST, initProgram: undefined }), { code: "CTR_INIT_MISSING" });
  });
});

describe("the host", () => {
  it("is found out in its own kernel", () => {
    const host = detectOciHost();
    deepEqual(host.architecture, process.arch);
    match(host.kernel, /^\d+\.\d+/);
  });

  it("has the hard limits that the kernel shows", () => {
    const text = [
      "Limit                     Soft Limit           Hard Limit           Units",
      "Max open files            1024                 20000                files",
      "Max processes             unlimited            unlimited            processes",
    ].join("\n");
    deepEqual([...parseHardLimits(text)], [["nofile", 20000]]);
  });
});
