import { deepEqual, equal, ok } from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { Attachment } from "../../../runtime/monitor/index.ts";
import { readLogs } from "../../../runtime/monitor/index.ts";
import { waitFor } from "../../support/wait.ts";
import { MonitorHost, outputOf } from "./bundle.ts";

describe("the streams of a container", function () {
  this.timeout(60_000);
  let host: MonitorHost;

  before(() => {
    host = new MonitorHost();
  });

  after(() => host[Symbol.asyncDispose]());

  it("reach a client that was there before the start, from the first byte to the last, and the log", async () => {
    const options = host.prepare(["sh", "-c", "echo out; echo err >&2; seq 1 20000; exit 7"]);
    const attachment = host.attach(options);
    const output = outputOf(attachment);
    await host.start(options);
    equal(await host.exitCode(options.id), 7);
    const { stdout, stderr } = await output;
    const numbers = Array.from({ length: 20_000 }, (_, index) => `${index + 1}\n`).join("");
    equal(stderr, "err\n");
    equal(stdout, `out\n${numbers}`);
    const logged = (await Array.fromAsync(readLogs(options.logPath ?? ""))).filter(({ stream }) => stream === "stdout");
    equal(Buffer.concat(logged.map(({ data }) => data)).toString(), stdout);
  });

  it("are real pipes: /dev/stdout can be opened again", async () => {
    const options = host.prepare(["sh", "-c", "ls -l /proc/self/fd/1 >/dev/null; echo again >/proc/self/fd/1"]);
    const output = outputOf(host.attach(options));
    await host.start(options);
    equal((await output).stdout, "again\n");
  });

  it("reach several clients alike", async () => {
    const options = host.prepare(["sh", "-c", "seq 1 5000"]);
    const outputs = [1, 2, 3].map(() => outputOf(host.attach(options)));
    await host.start(options);
    const [first, ...others] = await Promise.all(outputs);
    equal(first?.stdout.split("\n").length, 5001);
    for (const other of others) deepEqual(other, first);
  });

  it("wait for a client that reads slowly, and lose nothing", async () => {
    const options = host.prepare(["sh", "-c", "head -c 3000000 /dev/zero; echo done >&2"]);
    const attachment = host.attach(options);
    await host.start(options);
    let [bytes, mostWaiting, stderr] = [0, 0, ""];
    for await (const { stream, data } of attachment.output) {
      if (stream === "stdout") bytes += data.length;
      else stderr += data.toString();
      // The container writes all of it in less time than this takes.
      await delay(1);
      mostWaiting = Math.max(mostWaiting, attachment.waitingBytes);
    }
    deepEqual([bytes, stderr], [3_000_000, "done\n"]);
    ok(mostWaiting < 1024 * 1024, `${mostWaiting} bytes were kept for one client`);
    equal(await host.exitCode(options.id), 0);
  });

  it("are taken by those who are clients before the end of the container is told", async () => {
    const options = host.prepare(["sh", "-c", "echo out; echo err >&2"]);
    const attachment = host.attach(options);
    await host.start(options);
    await host.exitCode(options.id);
    let isTold = false;
    const released = host.monitor.release(options.id).then(() => {
      isTold = true;
    });
    await waitFor("the output", () => attachment.waitingBytes >= "out\nerr\n".length);
    equal(isTold, false);
    deepEqual(await outputOf(attachment), { stdout: "out\n", stderr: "err\n" });
    await released;
  });

  it("do not keep a container that a slow client holds up, once the client is dropped", async () => {
    const options = host.prepare(["sh", "-c", "head -c 3000000 /dev/zero"]);
    const attachment = host.attach(options);
    await host.start(options);
    await waitFor("the client's buffer to fill", () => attachment.waitingBytes >= 256 * 1024);
    host.monitor.disconnect(options.id);
    equal(await host.exitCode(options.id), 0);
  });

  it("carry input, in order, and its end", async () => {
    const options = host.prepare(["sh", "-c", "wc -c; echo end"], { stdin: true, stdinOnce: true });
    const attachment = host.attach(options);
    const output = outputOf(attachment);
    await host.start(options);
    for (let index = 0; index < 10; index++) void attachment.write(Buffer.alloc(100_000, index));
    attachment.endInput();
    equal((await output).stdout, "1000000\nend\n");
    equal(await host.exitCode(options.id), 0);
  });

  it("take input that was written before the start", async () => {
    const options = host.prepare(["cat"], { stdin: true, stdinOnce: true });
    const attachment = host.attach(options);
    const output = outputOf(attachment);
    void attachment.write(Buffer.from("early\n"));
    attachment.endInput();
    await host.start(options);
    equal((await output).stdout, "early\n");
  });

  it("keep the input open for the next client unless the container wants it closed", async () => {
    const options = host.prepare(["cat"], { stdin: true });
    await host.start(options);
    for (const text of ["one\n", "two\n"]) {
      const attachment = host.attach(options, true);
      await attachment.write(Buffer.from(text));
      equal(await nextText(attachment), text);
      attachment.endInput();
      attachment.close();
    }
    equal(host.monitor.exits.codeOf(options.id), undefined);
  });

  it("do not lose their input when a client that only listens goes away", async () => {
    const options = host.prepare(["cat"], { stdin: true, stdinOnce: true });
    await host.start(options);
    host.monitor.attach(options, options.bundle, { stdout: true }).close();
    // Not at once, or the next client would take over the connection.
    await delay(1);
    const attachment = host.attach(options, true);
    const output = outputOf(attachment);
    await attachment.write(Buffer.from("still here\n"));
    attachment.endInput();
    equal((await output).stdout, "still here\n");
    equal(await host.exitCode(options.id), 0);
  });

  it("are a terminal when asked, whose size can be set", async () => {
    const script = "trap 'stty size; exit 3' WINCH; echo ready; while :; do sleep 0.05; done";
    const options = host.prepare(["sh", "-c", script], { tty: true, stdin: true });
    const attachment = host.attach(options);
    await host.start(options);
    const output = outputOf(attachment);
    equal(attachment.tty, true);
    await waitFor("the program to be ready", async () => (await logText(options.logPath ?? "")).includes("ready"));
    ok(host.monitor.resize(options.bundle, { rows: 33, columns: 77 }));
    equal((await output).stdout, "ready\r\n33 77\r\n");
    equal(await host.exitCode(options.id), 3);
    await waitFor("the terminal to be gone", () => !host.monitor.resize(options.bundle, { rows: 1, columns: 1 }));
  });

  it("echo what is typed at a terminal", async () => {
    const options = host.prepare(["cat"], { tty: true, stdin: true, stdinOnce: true });
    const attachment = host.attach(options);
    const output = outputOf(attachment);
    await host.start(options);
    await attachment.write(Buffer.from("hi\n\u0004"));
    equal((await output).stdout, "hi\r\nhi\r\n");
  });
});

async function nextText(attachment: Attachment): Promise<string | undefined> {
  for await (const { data } of attachment.output) return data.toString();
  return undefined;
}

async function logText(path: string): Promise<string> {
  return (await Array.fromAsync(readLogs(path))).map(({ data }) => data.toString()).join("");
}
