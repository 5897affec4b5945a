import { deepEqual, equal, throws } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildExecProcess, type ExecRequest } from "../../../runtime/oci/process.ts";
import { HOST, specOf } from "./host.ts";

describe("an exec's process", () => {
  const rootfs = mkdtempSync(join(tmpdir(), "ctr-oci-"));
  after(() => rmSync(rootfs, { recursive: true }));
  const config = { Hostname: "box", User: "7:8", WorkingDir: "/srv", Env: ["A=1"] };
  const exec = (request: Partial<ExecRequest>, size?: { rows: number; columns: number }) =>
    buildExecProcess(
      { container: { config, hostConfig: {} }, rootfs, request: { Cmd: ["id"], ...request }, ...(size && { size }) },
      HOST,
    );

  it("is the container's: user, directory, environment, capabilities", () => {
    const { user, cwd, env, capabilities, args } = exec({});
    deepEqual(args, ["id"]);
    deepEqual(user, { uid: 7, gid: 8, additionalGids: [8] });
    deepEqual([cwd, env.at(-1)], ["/srv", "A=1"]);
    deepEqual(capabilities, specOf().process.capabilities);
  });

  it("is what the request says", () => {
    const { user, cwd, env, capabilities } = exec({ User: "9", WorkingDir: "/", Env: ["A=2"], Privileged: true });
    deepEqual([user.uid, user.gid, cwd, env.at(-1)], [9, 0, "/", "A=2"]);
    deepEqual(capabilities.bounding, HOST.capabilities);
  });

  it("has the size of its terminal from the start, else from its creation", () => {
    deepEqual(exec({ Tty: true, ConsoleSize: [24, 80] }).consoleSize, { height: 24, width: 80 });
    deepEqual(exec({ Tty: true, ConsoleSize: [24, 80] }, { rows: 1, columns: 2 }).consoleSize, { height: 1, width: 2 });
    equal(exec({ ConsoleSize: [24, 80] }).consoleSize, undefined);
    equal(exec({ Tty: true }).consoleSize, undefined);
    equal(exec({ Tty: true }).env.includes("TERM=xterm"), true);
  });
});

describe("resource limits", () => {
  const rlimits = (Name: string, Soft: number, Hard: number, capabilities = HOST.capabilities) =>
    JSON.stringify(specOf({ hostConfig: { Ulimits: [{ Name, Soft, Hard }] }, host: { capabilities } }).process.rlimits);

  it("are there only when asked for", () => {
    equal(specOf().process.rlimits, undefined);
    equal(rlimits("nofile", 1, 2), '[{"type":"RLIMIT_NOFILE","hard":2,"soft":1}]');
  });

  it("write «unlimited» as the kernel's number, which JavaScript cannot hold", () => {
    equal(rlimits("core", -1, -1), '[{"type":"RLIMIT_CORE","hard":18446744073709551615,"soft":18446744073709551615}]');
  });

  it("are refused when they are none", () => {
    throws(() => rlimits("core", -2, -1), { message: "invalid ulimit core: -2 is no limit; -1 is unlimited" });
    throws(() => rlimits("as", 1, 2), { message: "invalid ulimit type: as" });
    throws(() => rlimits("core", 3, 2), {
      message: "ulimit soft limit must be less than or equal to hard limit: 3 > 2",
    });
    throws(() => rlimits("core", -1, 2), {
      message: "ulimit soft limit must be less than or equal to hard limit: soft: -1 (unlimited), hard: 2",
    });
  });

  it("are refused when the engine cannot give them", () => {
    equal(rlimits("nofile", 20000, 20000), '[{"type":"RLIMIT_NOFILE","hard":20000,"soft":20000}]');
    throws(() => rlimits("nofile", 1, 20001), { code: "CTR_ULIMIT_UNREACHABLE" });
    throws(() => rlimits("nofile", 1, -1), { code: "CTR_ULIMIT_UNREACHABLE" });
    equal(rlimits("nofile", 1, 20001, ["CAP_SYS_RESOURCE"]), '[{"type":"RLIMIT_NOFILE","hard":20001,"soft":1}]');
  });
});
