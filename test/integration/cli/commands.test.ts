/** The commands of `ctr`: lists for programs, the life of a container, words for what is wrong. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { TestEngine } from "../../support/engine.ts";

describe("ctr", () => {
  let engine: TestEngine;
  before(async () => {
    engine = await TestEngine.start({ flags: ["-H", "tcp://127.0.0.1:2375"] });
    await engine.ctrOutput("run", "-d", "--name", "web", "-m", "64m", "-p", "8080:80", "busybox", "httpd", "-f");
  });
  after(() => engine[Symbol.asyncDispose]());

  const text = (argv: readonly string[]) => engine.ctrOutput(...argv);

  const lists: readonly (readonly [argv: readonly string[], fields: readonly string[]])[] = [
    [["ps"], ["ID", "Names", "Image", "Status", "Ports"]],
    [["images"], ["Repository", "Tag", "ID", "Size"]],
    [
      ["net", "ls"],
      ["ID", "Name", "Driver", "Scope"],
    ],
    [
      ["limit", "ls"],
      ["Name", "Memory", "Pids"],
    ],
    [
      ["limit", "show", "web"],
      ["limit", "asked", "enforced", "usage", "peak", "file", "value"],
    ],
  ];
  for (const [argv, fields] of lists) {
    it(`${argv.join(" ")} --format json is one object a line`, async () => {
      const lines = (await text([...argv, "--format", "json"])).split("\n");
      for (const line of lines) {
        const row = JSON.parse(line) as Record<string, unknown>;
        for (const field of fields) assert.ok(field in row, `${field} in ${line}`);
      }
    });
  }

  it("limit show names each file once, and its directories below", async () => {
    const shown = await text(["limit", "show", "web"]);
    assert.match(shown, /^memory +64MiB +64MiB /m);
    assert.match(shown, /^files in \/sys\/fs\/cgroup/m);
    for (const line of shown.split("\n").slice(0, -1)) assert.ok(line.length < 130, line);
  });

  it("inspect finds containers, images and networks, and tells what is none", async () => {
    assert.equal(await text(["inspect", "-f", "{{.Name}}", "web"]), "/web");
    assert.match(await text(["inspect", "-f", "{{.Id}}", "busybox"]), /^sha256:/);
    assert.equal(await text(["inspect", "-f", "{{.Driver}}", "bridge"]), "bridge");
    const { exitCode, stdout, stderr } = await engine.ctr(["inspect", "nosuch"]);
    assert.deepEqual([exitCode, stdout, stderr], [1, "[]\n", "Error: No such object: nosuch\n"]);
  });

  it("creates, starts, renames, restarts, stops, kills and removes", async () => {
    await text(["create", "--name", "job", "busybox", "sleep", "1000"]);
    assert.equal(await text(["start", "job"]), "job");
    await text(["rename", "job", "task"]);
    assert.equal(await text(["restart", "-t", "0", "task"]), "task");
    assert.equal(await text(["stop", "-t", "0", "task"]), "task");
    await text(["start", "task"]);
    assert.equal(await text(["kill", "task"]), "task");
    assert.equal(await text(["wait", "task"]), "137");
    assert.equal(await text(["rm", "task"]), "task");
    assert.doesNotMatch(await text(["ps", "-a"]), /task/);
  });

  it("exec has the command's exit code, environment and directory", async () => {
    const { exitCode, stdout } = await engine.ctr([
      "exec",
      "-e",
      "A=1",
      "-w",
      "/tmp",
      "web",
      "sh",
      "-c",
      "pwd; echo $A; exit 5",
    ]);
    assert.deepEqual([exitCode, stdout], [5, "/tmp\n1\n"]);
  });

  it("talks to an engine on TCP, named by -H or CTR_HOST", async () => {
    const program = join(import.meta.dirname, "../../../bin/ctr");
    const byFlag = ["-H", "tcp://127.0.0.1:2375", "run", "--rm", "-i", "busybox", "cat"];
    const answer = await engine.host.run([program, ...byFlag], { input: "over TCP" });
    assert.equal(answer.stdout, "over TCP");
    const byVariable = ["env", "CTR_HOST=tcp://127.0.0.1:2375", "DOCKER_HOST=unix:///nowhere", program, "ps", "-q"];
    assert.match(await engine.host.output(byVariable), /^[0-9a-f]{12}$/);
  });

  const mistakes: readonly (readonly [argv: readonly string[], code: number, words: RegExp])[] = [
    [["rum"], 1, /unknown command: ctr rum\nDid you mean: ctr r(un|m)\n/],
    [["net", "lss"], 1, /unknown command: ctr net lss\nDid you mean: ctr net ls\n/],
    [["run", "--memroy", "5m", "busybox"], 125, /unknown flag: --memroy\nDid you mean --memory\?/],
    [["run"], 1, /'?ctr run'? requires at least 1 argument/],
    [["run", "-p", "99999:80", "busybox"], 125, /invalid hostPort: 99999/],
    [["rm", "nosuch"], 1, /No such container: nosuch/],
    [["rmi", "nosuch"], 1, /No such image: nosuch/],
    [["ps", "--format", "{{.Nosuch}}"], 1, /Nosuch/],
  ];
  for (const [argv, code, words] of mistakes) {
    it(`says what is wrong with: ctr ${argv.join(" ")}`, async () => {
      const { exitCode, stderr } = await engine.ctr(argv);
      assert.match(stderr, words);
      assert.equal(exitCode, code);
    });
  }
});
