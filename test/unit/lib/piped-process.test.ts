import { deepEqual, equal, match, throws } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { SystemCallError } from "../../../lib/system/libc.ts";
import { startPiped } from "../../../lib/system/piped-process.ts";

const shell = (script: string, pipes: Readonly<Record<number, "read" | "write">> = { 1: "read" }) =>
  startPiped({
    program: "/bin/sh",
    args: ["-c", script],
    environment: { PATH: "/bin:/usr/bin", WORD: "grüße" },
    pipes,
  });

async function outputOf(pipe: AsyncIterable<Buffer>): Promise<string> {
  return Buffer.concat(await Array.fromAsync(pipe)).toString();
}

describe("a piped process", () => {
  it("gets its arguments, its environment and nothing else", async () => {
    const child = shell('echo "$0 $WORD"; env | wc -l; exec ls /proc/self/fd');
    const [line, variables = "", ...descriptors] = (await outputOf(child.pipe(1))).split("\n");
    equal(line, "/bin/sh grüße");
    // PATH, WORD, and what the shell adds: PWD and perhaps SHLVL, OLDPWD, _.
    equal(Number(variables) <= 6, true);
    // The same as a child of Node's own: the standard ones, the directory, and what we have inherited ourselves.
    deepEqual(descriptors, execFileSync("ls", ["/proc/self/fd"]).toString().split("\n"));
    equal(await child.exited, 0);
  });

  it("reads and writes its pipes under the descriptors that were asked for", async () => {
    const child = shell('read -r line <&4; echo "got $line" >&3; echo oops >&2; exit 7', {
      2: "read",
      3: "read",
      4: "write",
    });
    child.pipe(4).end("word\n");
    deepEqual(await Promise.all([outputOf(child.pipe(3)), outputOf(child.pipe(2))]), ["got word\n", "oops\n"]);
    equal(await child.exited, 7);
    throws(() => child.pipe(9), /no pipe was asked for under descriptor 9/);
  });

  it("has no signal blocked or ignored, and a session of its own", async () => {
    const child = shell("grep -E '^Sig(Blk|Ign)' /proc/self/status; cut -d' ' -f6 /proc/$$/stat; echo $$");
    const [blocked = "", ignored = "", session, pid] = (await outputOf(child.pipe(1))).split("\n");
    match(blocked, /\t0+$/);
    match(ignored, /\t0+$/);
    equal(session, pid);
    equal(Number(pid), child.pid);
    equal(await child.exited, 0);
  });

  it("tells the signal that ended it, and is killed", async () => {
    equal(await shell("kill -TERM $$").exited, 128 + 15);
    const child = shell("sleep 60");
    child.kill();
    equal(await child.exited, 128 + 9);
    child.kill();
  });

  it("ends one by one when many run at once", async () => {
    const codes = await Promise.all(Array.from({ length: 40 }, (_, code) => shell(`exit ${code}`).exited));
    deepEqual(
      codes,
      Array.from({ length: 40 }, (_, code) => code),
    );
  });

  it("leaves nothing open when it cannot be started", () => {
    const open = () => readdirSync("/proc/self/fd").length;
    const start = () =>
      startPiped({ program: "/does/not/exist", args: [], environment: {}, pipes: { 1: "read", 4: "write" } });
    throws(start, (error) => error instanceof SystemCallError && error.code === "ENOENT");
    const before = open();
    throws(start);
    equal(open(), before);
  });
});
