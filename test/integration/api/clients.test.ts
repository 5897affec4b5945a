/** Libraries that speak the Docker API: dockerode and docker-py, in simple use. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import Docker from "dockerode";
import type { TestEngine } from "../../support/engine.ts";
import { busyboxArchive } from "../../support/images.ts";
import { DockerClient } from "./docker-client.ts";

describe("client libraries", () => {
  let client: DockerClient;
  let engine: TestEngine;
  before(async () => {
    client = await DockerClient.start();
    engine = client.engine;
  });
  after(() => client?.[Symbol.asyncDispose]());
  afterEach(() => client.removeContainers());

  describe("dockerode", () => {
    let docker: Docker;
    before(() => {
      docker = new Docker({ socketPath: engine.socket });
    });

    it("runs a container and separates its streams", async () => {
      const stdout = new PassThrough();
      const stderr = new PassThrough();
      const texts = Promise.all([text(stdout), text(stderr)]);
      const command = ["sh", "-c", "echo a; echo b >&2; exit 3"];
      const [result] = await docker.run("busybox", command, [stdout, stderr], { Tty: false });
      stdout.end();
      stderr.end();
      assert.deepEqual([result.StatusCode, await texts], [3, ["a\n", "b\n"]]);
    });

    it("attaches, writes, and reads the echo, with and without hijack", async () => {
      for (const hijack of [true, false]) {
        const container = await docker.createContainer({ Image: "busybox", Cmd: ["cat"], OpenStdin: true });
        const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack });
        const output = new PassThrough();
        container.modem.demuxStream(stream, output, output);
        await container.start();
        stream.write("hi\n");
        const [echo] = await once(output, "data");
        assert.equal(String(echo), "hi\n", `hijack ${hijack}`);
        stream.end();
        await container.remove({ force: true });
      }
    });

    it("executes commands and reads their exit code", async () => {
      const container = await docker.createContainer({ Image: "busybox", Cmd: ["sleep", "1000"] });
      await container.start();
      const exec = await container.exec({ Cmd: ["sh", "-c", "cat; exit 4"], AttachStdin: true, AttachStdout: true });
      const stream = await exec.start({ hijack: true, stdin: true });
      const output = outputOf(container, stream);
      stream.end("to exec");
      assert.equal(await text(output), "to exec");
      assert.equal((await exec.inspect()).ExitCode, 4);
    });

    it("follows logs and events", async () => {
      const events = await docker.getEvents({ filters: { event: ["die"] } });
      const event = new Promise<string>((resolve) => events.once("data", (data: Buffer) => resolve(data.toString())));
      const container = await docker.createContainer({ Image: "busybox", Cmd: ["seq", "3"], Tty: true });
      await container.start();
      const logs = await container.logs({ follow: true, stdout: true, stderr: true });
      assert.equal(await text(logs), "1\r\n2\r\n3\r\n");
      assert.equal(JSON.parse(await event).Actor.ID, container.id);
      (events as NodeJS.ReadableStream & { destroy(): void }).destroy();
    });

    it("loads and lists images", async () => {
      const progress = await docker.loadImage(await busyboxArchive());
      assert.match(await text(progress), /Loaded image: busybox:latest/);
      assert.deepEqual(
        (await docker.listImages()).map(({ RepoTags }) => RepoTags),
        [["busybox:latest"]],
      );
    });
  });

  describe("docker-py", () => {
    /** Runs a script whose `client` is connected. @returns what it printed */
    const python = async (...lines: readonly string[]): Promise<string> => {
      const head = ["import docker", `client = docker.DockerClient(base_url='unix://${engine.socket}')`];
      return await engine.host.output(["python3", "-W", "ignore", "-c", [...head, ...lines].join("\n")]);
    };

    it("runs containers and gets their output", async () => {
      const output = await python(
        "print(client.containers.run('busybox', ['echo', 'hi'], remove=True))",
        "try: client.containers.run('busybox', ['sh', '-c', 'echo why >&2; exit 3'])",
        "except docker.errors.ContainerError as e: print(e.exit_status, e.stderr)",
        "try: client.containers.run('nosuch:1', remove=True)",
        "except docker.errors.ImageNotFound as e: print('no image')",
        "except docker.errors.APIError as e: print('no image')",
      );
      assert.equal(output, "b'hi\\n'\n3 b'why\\n'\nno image");
    });

    it("reads what it needs of a container", async () => {
      const output = await python(
        "c = client.containers.run('busybox', ['sleep', '1000'], detach=True, name='py', labels={'a': '1'}, ports={'80/tcp': ('127.0.0.1', 8090)})",
        "print(c.status, c.name, c.labels, c.image.tags)",
        "c.reload()",
        "print(c.status, c.ports, c.attrs['NetworkSettings']['IPAddress'] != '')",
        "print(c.exec_run(['sh', '-c', 'echo out; exit 5']))",
        "print(c.exec_run(['sh', '-c', 'echo o; echo e >&2'], demux=True))",
        "print(client.containers.list(filters={'label': 'a=1'})[0].name, c.stats(stream=False)['pids_stats']['current'])",
        "print(c.top()['Titles'][0], [n.name for n in client.networks.list(names=['bridge'])])",
        "c.stop(timeout=0); print(c.wait()); print(c.logs()); c.remove()",
      );
      assert.deepEqual(output.split("\n"), [
        "created py {'a': '1'} ['busybox:latest']",
        "running {'80/tcp': [{'HostIp': '127.0.0.1', 'HostPort': '8090'}]} True",
        "ExecResult(exit_code=5, output=b'out\\n')",
        "ExecResult(exit_code=0, output=(b'o\\n', b'e\\n'))",
        "py 1",
        "UID ['bridge']",
        "{'StatusCode': 137}",
        "b''",
      ]);
    });

    it("attaches a socket", async () => {
      const output = await python(
        "c = client.containers.create('busybox', ['cat'], stdin_open=True)",
        "s = c.attach_socket(params={'stdin': 1, 'stdout': 1, 'stream': 1})",
        "c.start()",
        "s._sock.send(b'hello\\n')",
        "print(s.read(8 + 6)); c.remove(force=True)",
      );
      assert.equal(output, "b'\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x06hello\\n'");
    });

    it("says at the start of an exec whether its output has frames, whatever terminal it has", async () => {
      const output = await python(
        "c = client.containers.run('busybox', ['sleep', '1000'], detach=True)",
        "run = lambda tty, raw: client.api.exec_start(client.api.exec_create(c.id, ['echo', 'hi'], tty=tty)['Id'], tty=raw)",
        "print(run(True, False), run(True, True), run(False, False)); c.remove(force=True)",
      );
      assert.equal(output, "b'hi\\r\\n' b'hi\\r\\n' b'hi\\n'");
    });

    it("waits for one end of a container that its policy starts again", async () => {
      const output = await python(
        "c = client.containers.run('busybox', ['false'], detach=True, restart_policy={'Name': 'always'})",
        "print(c.wait()['StatusCode']); c.remove(force=True)",
      );
      assert.equal(output, "1");
    });

    it("leaves a swarm that there is none of", async () => {
      const output = await python(
        "print(client.swarm.leave(force=True))",
        "try: client.services.list()",
        "except docker.errors.APIError as e: print(e.status_code, e.explanation)",
      );
      assert.match(output, /^True\n503 This node is not a swarm manager\./);
    });

    it("asks for version, info and images", async () => {
      const output = await python(
        "print(client.ping(), client.version()['ApiVersion'], client.info()['Driver'], client.images.get('busybox').labels)",
      );
      assert.equal(output, "True 1.51 overlay2 {}");
    });
  });
});

/** Both streams of a container, out of their frames. */
function outputOf(container: Docker.Container, stream: NodeJS.ReadableStream): PassThrough {
  const output = new PassThrough();
  container.modem.demuxStream(stream, output, output);
  stream.once("end", () => output.end());
  return output;
}
