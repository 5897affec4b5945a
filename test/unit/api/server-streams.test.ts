import assert from "node:assert/strict";
import { encodeFrame } from "../../../runtime/api/frames.ts";
import type { ApiServer } from "../../../runtime/api/index.ts";
import { waitFor } from "../../support/wait.ts";
import { ApiHost, head, JSON_TYPE } from "./api-host.ts";
import { call, RawConnection } from "./http-client.ts";
import type { MemoryEngine } from "./memory-engine.ts";
import { CONTAINER_ID, container } from "./records.ts";

const UPGRADE = "Upgrade: tcp\r\nConnection: Upgrade\r\n";

/** Lets the server do what it would do next: two more requests on connections of their own. @returns whether it ended */
async function untilIdle(connection: RawConnection): Promise<boolean> {
  const path = connection.socketPath;
  for (let turn = 0; turn < 2; turn++) await call(path, "GET", "/_ping");
  return connection.ended;
}

describe("streams of the API", () => {
  let host: ApiHost;
  let socket: string;
  let engine: MemoryEngine;
  let server: ApiServer;

  beforeEach(async () => {
    host = await ApiHost.start();
    ({ socket, engine, server } = host);
  });

  afterEach(() => host[Symbol.asyncDispose]());

  it("sends the headers of a wait before the container ends", async () => {
    const connection = new RawConnection(socket);
    connection.socket.write(head("POST", "/containers/web/wait?condition=next-exit"));
    await connection.until((text) => text.includes("\r\n\r\n"));
    assert.equal(connection.received.includes("StatusCode"), false);
    engine.exit.resolve({ exitCode: 3 });
    await connection.until((text) => text.includes('{"StatusCode":3}'));
    connection.socket.destroy();
  });

  it("attaches with upgrade: frames out, input in, half close", async () => {
    const connection = new RawConnection(socket);
    const path = "/v1.51/containers/web/attach?stream=1&stdin=1&stdout=1&stderr=1";
    connection.socket.write(`${head("POST", path, UPGRADE)}early`);
    const text = await connection.until((received) => received.includes("early"));
    assert.match(text, /^HTTP\/1.1 101 UPGRADED\r\n/);
    assert.match(text, /Content-Type: application\/vnd.docker.multiplexed-stream\r\n/);
    assert.match(text, /Connection: Upgrade\r\nUpgrade: tcp\r\n/);
    connection.socket.end("late");
    await connection.until((received) => received.includes("late"));
    assert.equal(await untilIdle(connection), false, "its end is not known yet");
    engine.exit.resolve({ exitCode: 0 });
    await connection.untilEnd();
    const output = connection.received.subarray(connection.received.indexOf("\r\n\r\n") + 4);
    const expected = [
      encodeFrame("stdout", Buffer.from("out\n")),
      encodeFrame("stderr", Buffer.from("err\n")),
      encodeFrame("stdout", Buffer.from("early")),
      encodeFrame("stdout", Buffer.from("late")),
    ];
    assert.deepEqual(output, Buffer.concat(expected));
  });

  it("attaches without upgrade: 200, not chunked, ended by the connection's end", async () => {
    const connection = new RawConnection(socket);
    connection.socket.write(head("POST", "/v1.51/containers/web/attach?stream=1&stdout=1&stderr=1"));
    const text = await connection.until((received) => received.includes("err\n"));
    assert.match(text, /^HTTP\/1.1 200 OK\r\n/);
    assert.match(text, /Content-Type: application\/vnd.docker.raw-stream\r\n/);
    assert.doesNotMatch(text, /chunked/i);
    const [attachment] = engine.attachments;
    connection.socket.destroy();
    // A client that has gone is like one that ended its input, until output is written to it.
    await waitFor("the attachment to be closed", async () => {
      await attachment?.write(Buffer.from("more\n"));
      return attachment?.closed;
    });
  });

  it("answers 101 to the header Upgrade alone", async () => {
    const connection = new RawConnection(socket);
    connection.socket.write(head("POST", "/containers/web/attach?stream=1&stdout=1&stderr=1", "Upgrade: tcp\r\n"));
    const text = await connection.until((received) => received.includes("err\n"));
    assert.match(text, /^HTTP\/1.1 101 UPGRADED\r\n/);
    connection.socket.destroy();
  });

  it("takes raw input without upgrade, whatever it looks like, and a half close", async () => {
    const connection = new RawConnection(socket);
    const body = '{"stream":true}';
    const headers = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
    connection.socket.write(
      head("POST", "/v1.51/containers/web/attach?stream=1&stdin=1&stdout=1&stderr=1", headers) + body,
    );
    await connection.until((received) => received.includes("err\n"));
    const request = head("POST", "/containers/create", `Content-Type: application/json\r\nContent-Length: 2\r\n`);
    connection.socket.end(`${request}{}`);
    engine.exit.resolve({ exitCode: 0 });
    const text = await connection.untilEnd();
    assert.ok(text.endsWith(`${request}{}`), "the input comes back as it is");
    assert.equal(engine.created.length, 0);
  });

  it("is raw on a terminal, and the detach keys end it", async () => {
    engine.known[0] = { ...container(), config: { Tty: true, OpenStdin: true } };
    const connection = new RawConnection(socket);
    connection.socket.write(
      `${head("POST", "/containers/web/attach?stream=1&stdin=1&stdout=1&stderr=1", UPGRADE)}ab\x10\x11`,
    );
    const text = await connection.untilEnd();
    assert.match(text, /raw-stream/);
    assert.ok(text.endsWith("\r\n\r\nout\nerr\n") || text.endsWith("\r\n\r\nout\nerr\nab"));
    assert.equal(engine.attachments[0]?.closed, true);
  });

  it("attaches to nothing when neither stream nor logs are asked for", async () => {
    const connection = new RawConnection(socket);
    connection.socket.write(head("POST", "/containers/web/attach?stdout=1", UPGRADE));
    const text = await connection.untilEnd();
    assert.match(text, /^HTTP\/1.1 101 UPGRADED\r\n/);
    assert.ok(text.endsWith("\r\n\r\n"));
  });

  it("answers an attach that fails with its status, though an upgrade was asked for", async () => {
    const connection = new RawConnection(socket);
    connection.socket.write(head("POST", "/containers/none/attach?stream=1", UPGRADE));
    const text = await connection.untilEnd();
    assert.match(text, /^HTTP\/1.1 404 Not Found\r\n/);
    assert.match(text, /No such container: none/);
  });

  it("says in the stream why an exec could not run, for the client to read its exit code", async () => {
    const body = JSON.stringify({ Cmd: ["nosuch"], AttachStdout: true });
    const { Id } = JSON.parse((await call(socket, "POST", "/containers/web/exec", { body, headers: JSON_TYPE })).body);
    const connection = new RawConnection(socket);
    const start = '{"Detach":false,"Tty":false}';
    const headers = `${UPGRADE}Content-Type: application/json\r\nContent-Length: ${start.length}\r\n`;
    connection.socket.write(head("POST", `/exec/${Id}/start`, headers) + start);
    const text = await connection.untilEnd();
    assert.match(text, /^HTTP\/1.1 101 UPGRADED/);
    assert.match(text, /executable file not found in \$PATH\r\n$/);
    assert.equal(JSON.parse((await call(socket, "GET", `/exec/${Id}/json`)).body).ExitCode, 127);
  });

  for (const [start, type, output] of [
    ['{"Tty":true,"ConsoleSize":[1,2]}', /raw-stream/, Buffer.from("out\nerr\n")],
    [
      "{}",
      /multiplexed-stream/,
      Buffer.concat([encodeFrame("stdout", Buffer.from("out\n")), encodeFrame("stderr", Buffer.from("err\n"))]),
    ],
  ] as const) {
    it(`frames an exec's output as ${start} asks, whatever the program has`, async () => {
      const body = JSON.stringify({ Cmd: ["cat"], AttachStdout: true, Tty: true });
      const created = await call(socket, "POST", "/containers/web/exec", { body, headers: JSON_TYPE });
      const { Id } = JSON.parse(created.body);
      engine.execExit.resolve();
      const connection = new RawConnection(socket);
      const headers = `${UPGRADE}Content-Type: application/json\r\nContent-Length: ${start.length}\r\n`;
      connection.socket.write(head("POST", `/exec/${Id}/start`, headers) + start);
      await connection.until((text) => text.includes("err\n"));
      connection.socket.end();
      assert.match(connection.received.toString(), type);
      const sent = connection.received.subarray(connection.received.indexOf("\r\n\r\n") + 4);
      assert.deepEqual(sent, output);
    });
  }

  it("ends an exec's stream only when its exit code is known", async () => {
    const body = JSON.stringify({ Cmd: ["cat"], AttachStdin: true, AttachStdout: true });
    const created = await call(socket, "POST", "/containers/web/exec", { body, headers: JSON_TYPE });
    const { Id } = JSON.parse(created.body);
    const connection = new RawConnection(socket);
    const headers = `${UPGRADE}Content-Type: application/json\r\nContent-Length: 2\r\n`;
    connection.socket.end(`${head("POST", `/exec/${Id}/start`, headers)}{}`);
    await connection.until((text) => text.includes("err\n"));
    assert.equal(await untilIdle(connection), false, "it is still open");
    engine.execExit.resolve();
    await connection.untilEnd();
    assert.equal(JSON.parse((await call(socket, "GET", `/exec/${Id}/json`)).body).ExitCode, 6);
  });

  it("ends a followed log when the client leaves", async () => {
    engine.log.push({ stream: "stdout", time: "2026-01-01T00:00:00.000000000Z", data: Buffer.from("line\n") });
    const connection = new RawConnection(socket);
    connection.socket.write(head("GET", "/containers/web/logs?follow=1&stdout=1"));
    await connection.until((text) => text.includes("line"));
    connection.socket.destroy();
    await server.close();
  });

  it("streams events, past ones too, until it closes", async () => {
    engine.events.emit("container", "start", CONTAINER_ID, { name: "web", image: "busybox" });
    const connection = new RawConnection(socket);
    connection.socket.write(head("GET", "/events?since=1"));
    await connection.until((text) => text.includes('"Action":"start"'));
    engine.events.emit("container", "die", CONTAINER_ID, { name: "web", image: "busybox" });
    await connection.until((text) => text.includes('"status":"die"'));
    await server.close();
    assert.match(await connection.untilEnd(), /0\r\n\r\n$/);
  });

  it("keeps an event stream with a far until open", async () => {
    const connection = new RawConnection(socket);
    connection.socket.write(head("GET", "/events?until=99999999999"));
    await connection.until((text) => text.includes("\r\n\r\n"));
    engine.events.emit("container", "start", CONTAINER_ID);
    await connection.until((text) => text.includes('"Action":"start"'));
    assert.equal(await untilIdle(connection), false, "it is still open");
    connection.socket.destroy();
  });

  it("ends an event stream at its until", async () => {
    engine.events.emit("container", "start", CONTAINER_ID);
    const { body } = await call(socket, "GET", `/events?since=0&until=${Date.now() / 1000 + 0.05}`);
    assert.match(body, /"Action":"start"/);
  });
});
