/** The acceptance client, the real docker CLI: images. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { busyboxArchive, tarOf, temporaryFile } from "../../support/images.ts";
import { Registry } from "../../support/registry.ts";
import { DockerClient } from "./docker-client.ts";

describe("the docker CLI: images", () => {
  let docker: DockerClient;
  before(async () => {
    docker = await DockerClient.start();
  });
  after(() => docker?.[Symbol.asyncDispose]());
  afterEach(() => docker.removeContainers());

  describe("images", () => {
    it("lists with Docker's columns", async () => {
      const [header, row] = (await docker.output("images")).split("\n");
      assert.match(header ?? "", /^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE$/);
      assert.match(row ?? "", /^busybox +latest +[0-9a-f]{12} +.+ ago +[\d.]+MB$/);
    });

    it("loads what docker save wrote", async () => {
      assert.equal(await docker.output("load", "-i", await busyboxArchive()), "Loaded image: busybox:latest");
    });

    it("refuses a broken archive", async () => {
      const file = temporaryFile("broken", ".tar");
      writeFileSync(file, "this is no archive".repeat(100));
      const { exitCode, stderr } = await docker.run(["load", "-i", file]);
      assert.equal(exitCode, 1);
      assert.notEqual(stderr, "");
    });

    it("imports a root file system with changes", async () => {
      const tree = temporaryFile("tree", ".tar");
      writeFileSync(tree, await tarOf([{ name: "hello", content: "hi\n" }]));
      const id = await docker.output("import", "--change", 'CMD ["/hello"]', "--message", "mine", tree, "tree:1");
      assert.match(id, /^sha256:[0-9a-f]{64}$/);
      assert.equal(await docker.inspect("tree:1", "{{.Config.Cmd}} {{.Comment}}"), "[/hello] mine");
      assert.match(await docker.output("rmi", "tree:1"), /Untagged: tree:1\nDeleted: sha256:/);
    });

    it("tags, filters and removes names", async () => {
      await docker.output("tag", "busybox", "team/box:2");
      assert.equal(await docker.output("images", "team/*", "--format", "{{.Repository}}:{{.Tag}}"), "team/box:2");
      assert.equal(await docker.output("rmi", "team/box:2"), "Untagged: team/box:2");
      assert.match((await docker.run(["rmi", "team/box:2"])).stderr, /No such image: team\/box:2/);
    });

    it("keeps the image of a running container, be it forced", async () => {
      const container = await docker.output("run", "-d", "busybox", "sleep", "1000");
      const image = await docker.inspect("busybox:latest", "{{.Id}}");
      const { exitCode, stderr } = await docker.run(["rmi", "-f", image]);
      assert.equal(exitCode, 1);
      const reason = `image is being used by running container ${container.slice(0, 12)}`;
      assert.ok(stderr.includes(`(cannot be forced) - ${reason}`), stderr);
    });

    it("shows a history", async () =>
      assert.match(await docker.output("history", "busybox"), /^IMAGE +CREATED +CREATED BY +SIZE/));

    it("pulls from a registry, shows progress, and runs what it pulled", async () => {
      await using registry = await Registry.start({ inside: docker.engine.host });
      await registry.push(await busyboxArchive(), "team/app:1");
      const name = `${registry.host}/team/app:1`;
      const output = await docker.output("pull", name);
      assert.match(output, /1: Pulling from team\/app\n/);
      assert.match(output, /Digest: sha256:[0-9a-f]{64}\n/);
      assert.ok(output.includes(`Status: Downloaded newer image for ${name}\n${name}`), output);
      assert.equal(await docker.output("run", "--rm", name, "echo", "pulled"), "pulled");
      assert.match((await docker.run(["pull", `${registry.host}/team/none:1`])).stderr, /not found|unknown/);
      await docker.output("rmi", name);
      assert.equal((await docker.run(["run", "--rm", name, "echo", "again"])).stdout, "again\n");
      await docker.output("rmi", name);
    });
  });
});
