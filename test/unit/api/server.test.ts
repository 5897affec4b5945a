import assert from "node:assert/strict";
import { existsSync, linkSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../../lib/log.ts";
import { encodeFrame } from "../../../runtime/api/frames.ts";
import { ApiServer } from "../../../runtime/api/index.ts";
import { waitFor } from "../../support/wait.ts";
import { call, RawConnection } from "./http-client.ts";
import { type MemoryEngine, memoryEngine } from "./memory-engine.ts";
import { CONTAINER_ID, container } from "./records.ts";

const JSON_TYPE = { "Content-Type": "application/json" };
const UPGRADE = "Upgrade: tcp\r\nConnection: Upgrade\r\n";

/** Lets the server do what it would do next: two more requests on connections of their own. @returns whether it ended */
async function untilIdle(connection: RawConnection): Promise<boolean> {
  const path = connection.socketPath;
  for (let turn = 0; turn < 2; turn++) await call(path, "GET", "/_ping");
  return connection.ended;
}

describe("ApiServer", () => {
  let directory: string;
  let socket: string;
  let engine: MemoryEngine;
  let server: ApiServer;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "ctr-api-"));
    socket = join(directory, "run/ctr.sock");
    engine = memoryEngine();
    server = new ApiServer(engine, silentLogger);
    await server.listen([`unix://${socket}`]);
  });

  afterEach(async () => {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const head = (method: string, path: string, headers = ""): string =>
    `${method} ${path} HTTP/1.1\r\nHost: ctr\r\n${headers}\r\n`;

  describe("listening", () => {
    it("gives the socket mode 0660", () => assert.equal(statSync(socket).mode & 0o777, 0o660));

    it("removes the socket when it closes", async () => {
      await server.close();
      assert.equal(existsSync(socket), false);
    });

    it("refuses a socket that somebody serves, and leaves it", async () => {
      await assert.rejects(new ApiServer(engine, silentLogger).listen([`unix://${socket}`]), {
        message: `cannot listen on ${socket}: address already in use`,
        status: 409,
      });
      assert.equal((await call(socket, "GET", "/_ping")).body, "OK");
    });

    it("replaces a socket that nobody serves", async () => {
      const stale = join(directory, "stale.sock");
      const dead = createServer().listen(stale);
      await waitFor("the socket", () => existsSync(stale));
      // Node removes its socket on close: a hard link keeps what a killed engine would leave.
      linkSync(stale, `${stale}.left`);
      dead.close();
      const second = new ApiServer(engine, silentLogger);
      await second.listen([`unix://${stale}.left`]);
      assert.equal((await call(`${stale}.left`, "GET", "/_ping")).body, "OK");
      await second.close();
    });

    it("does not touch a file that is no socket", async () => {
      const file = join(directory, "file");
      writeFileSync(file, "precious");
      await assert.rejects(new ApiServer(engine, silentLogger).listen([`unix://${file}`]), /exists and is no socket/);
      assert.ok(statSync(file).isFile());
    });

    it("listens on all addresses or on none", async () => {
      const other = join(directory, "other.sock");
      await assert.rejects(new ApiServer(engine, silentLogger).listen([`unix://${other}`, `unix://${socket}`]));
      await waitFor("the first socket to be gone", () => !existsSync(other));
    });

    it("warns that TCP is not protected", async () => {
      const warnings: string[] = [];
      const second = new ApiServer(engine, { ...silentLogger, warn: (text) => warnings.push(text) });
      await second.listen(["tcp://127.0.0.1:0"]);
      await second.close();
      assert.match(warnings.join(), /without protection/);
    });
  });

  describe("requests", () => {
    it("sends clients from a path with empty parts to the clean one", async () => {
      const { status, headers, body } = await call(socket, "GET", "/v1.45//containers/json?all=1");
      assert.deepEqual([status, headers["location"], body], [301, "/v1.45/containers/json?all=1", ""]);
      assert.equal((await call(socket, "POST", "//containers/create")).status, 301);
      assert.equal(engine.created.length, 0);
    });

    it("answers OPTIONS for any path", async () => {
      for (const path of ["/", "/v1.45/containers/json", "/nothing"]) {
        const { status, body } = await call(socket, "OPTIONS", path);
        assert.deepEqual([status, body], [200, ""]);
      }
    });

    it("answers a ping with the headers that clients negotiate by", async () => {
      for (const method of ["GET", "HEAD"]) {
        const { status, headers, body } = await call(socket, method, "/_ping");
        assert.deepEqual([status, body], [200, method === "GET" ? "OK" : ""]);
        assert.equal(headers["api-version"], "1.51");
        assert.equal(headers["docker-experimental"], "false");
        assert.equal(headers["ostype"], "linux");
        assert.equal(headers["builder-version"], "1");
        assert.equal(headers["server"], "ctr/1.2.3 (linux)");
        assert.equal(headers["content-type"], "text/plain; charset=utf-8");
      }
    });

    it("serves every version from 1.24 to 1.51, and none", async () => {
      for (const prefix of ["", "/v1.24", "/v1.40", "/v1.51"]) {
        assert.equal((await call(socket, "GET", `${prefix}/containers/json`)).status, 200, prefix);
      }
    });

    const failures: readonly (readonly [string, string, number, string])[] = [
      ["GET", "/v1.99/version", 400, "client version 1.99 is too new. Maximum supported API version is 1.51"],
      [
        "GET",
        "/v1.10/version",
        400,
        "client version 1.10 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version",
      ],
      ["GET", "/nosuch", 404, "page not found"],
      ["DELETE", "/version", 404, "page not found"],
      ["GET", "/containers/x/json", 404, "No such container: x"],
      ["GET", "/containers/%zz/json", 400, 'invalid URL escape in "%zz"'],
      ["GET", "/containers/json?limit=x", 400, 'strconv.Atoi: parsing "x": invalid syntax'],
      ["GET", "/containers/json?filters=%7B%22nosuch%22:%5B%22x%22%5D%7D", 400, "invalid filter 'nosuch'"],
      ["GET", "/containers/web/logs", 400, "Bad parameters: you must choose at least one stream"],
      ["POST", "/containers/web/resize?w=1", 400, 'invalid resize height "": invalid syntax'],
      ["POST", "/containers/web/resize?h=1&w=x", 400, 'invalid resize width "x": invalid syntax'],
      ["POST", "/containers/web/resize?h=-1&w=1", 400, 'invalid resize height "-1": value out of range'],
      ["POST", "/containers/web/resize?h=1&w=4294967296", 400, 'invalid resize width "4294967296": value out of range'],
      ["GET", "/events?since=20&until=10", 400, "`since` time (20) cannot be after `until` time (10)"],
      ["POST", "/containers/web/kill?signal=NOSUCH", 400, "invalid signal: NOSUCH"],
      ["POST", "/containers/web/wait?condition=never", 400, 'invalid condition: "never"'],
      ["GET", "/images/team/none:1/json", 404, "No such image: team/none:1"],
      ["POST", "/swarm/leave?force=1", 503, "This node is not part of a swarm"],
    ];
    for (const [method, path, status, message] of failures) {
      it(`answers ${method} ${path} with ${status}`, async () => {
        const answer = await call(socket, method, path);
        assert.deepEqual([answer.status, JSON.parse(answer.body)], [status, { message }]);
        assert.equal(answer.headers["content-type"], "application/json");
      });
    }

    it("finds images whose name has slashes", async () => {
      assert.equal((await call(socket, "GET", "/images/team/app:1/json")).status, 200);
    });

    it("pauses and unpauses, and answers 204 without a body", async () => {
      for (const verb of ["pause", "unpause"]) {
        const { status, body } = await call(socket, "POST", `/v1.41/containers/web/${verb}`);
        assert.deepEqual([status, body], [204, ""]);
        assert.equal((await call(socket, "POST", `/containers/x/${verb}`)).status, 404);
      }
    });

    it("answers 304 without a body for what runs already", async () => {
      const { status, body } = await call(socket, "POST", "/containers/web/start");
      assert.deepEqual([status, body], [304, ""]);
    });

    it("serves several requests on one connection", async () => {
      const connection = new RawConnection(socket);
      connection.socket.write(head("GET", "/_ping") + head("GET", "/_ping"));
      await connection.until((text) => text.split("\r\n\r\nOK").length === 3);
      connection.socket.destroy();
    });
  });

  describe("bodies", () => {
    const create = (body: string, headers: Readonly<Record<string, string>> = JSON_TYPE) =>
      call(socket, "POST", "/containers/create?name=web", { body, headers });

    it("decodes a create request", async () => {
      const { status, body } = await create('{"Image":"busybox","Cmd":"ls","HostConfig":{"Memory":1,"Binds":null}}');
      assert.deepEqual([status, JSON.parse(body)], [201, { Id: CONTAINER_ID, Warnings: ["careful"] }]);
      assert.deepEqual(engine.created, [{ Image: "busybox", Cmd: ["ls"], HostConfig: { Memory: 1 } }]);
    });

    const failures: readonly (readonly [string, string, Readonly<Record<string, string>>, RegExp])[] = [
      ["an empty body", "", JSON_TYPE, /^config cannot be empty in order to create a container$/],
      ["JSON that ends too early", "{", JSON_TYPE, /^invalid JSON: unexpected EOF$/],
      ["JSON with an open string", '{"a', JSON_TYPE, /^invalid JSON: unexpected EOF$/],
      [
        "a key without quotes",
        "{invalid",
        JSON_TYPE,
        /^invalid JSON: invalid character 'i' looking for beginning of object key string$/,
      ],
      ["a key without value", '{"a" 1}', JSON_TYPE, /^invalid JSON: invalid character '1' after object key$/],
      [
        "values without comma",
        '{"a":1 "b"}',
        JSON_TYPE,
        /^invalid JSON: invalid character '"' after object key:value pair$/,
      ],
      ["a list without comma", '{"a":[1 2]}', JSON_TYPE, /^invalid JSON: invalid character '2' after array element$/],
      ["more than one value", "{} more", JSON_TYPE, /^unexpected content after JSON$/],
      ["a field of the wrong type", '{"Env":"A=1"}', JSON_TYPE, /^invalid JSON: Env must be a list$/],
      [
        "a nested one",
        '{"HostConfig":{"Memory":"64m"}}',
        JSON_TYPE,
        /^invalid JSON: HostConfig.Memory must be a whole number$/,
      ],
      [
        "another content type",
        "{}",
        { "Content-Type": "text/plain" },
        /^unsupported Content-Type header \(text\/plain\)/,
      ],
      ["no content type", "{}", {}, /^malformed Content-Type header \(\)/],
      ["a body that is too long", `"${"x".repeat(5 << 20)}"`, JSON_TYPE, /^http: request body too large$/],
    ];
    for (const [what, body, headers, message] of failures) {
      it(`refuses ${what} with 400`, async () => {
        const answer = await create(body, headers);
        assert.equal(answer.status, 400);
        assert.match(JSON.parse(answer.body).message, message);
        assert.equal(engine.created.length, 0);
      });
    }
  });

  it("reads a body that is too long to its end, and goes on with the connection", async () => {
    const connection = new RawConnection(socket);
    const body = `"${"x".repeat(5 << 20)}"`;
    const headers = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
    connection.socket.write(`${head("POST", "/containers/create", headers)}${body}${head("GET", "/_ping")}`);
    const text = await connection.until((received) => received.endsWith("OK"));
    assert.match(text, /http: request body too large/);
    connection.socket.destroy();
  });

  describe("streams", () => {
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
      const { Id } = JSON.parse(
        (await call(socket, "POST", "/containers/web/exec", { body, headers: JSON_TYPE })).body,
      );
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

  describe("progress", () => {
    it("answers a pull that fails at once with its status", async () => {
      const { status, body } = await call(socket, "POST", "/images/create?fromImage=absent&tag=1");
      assert.deepEqual([status, JSON.parse(body).message], [404, "manifest for absent:1 not found"]);
    });

    it("tells a later failure in the stream", async () => {
      const { status, body } = await call(socket, "POST", "/images/create?fromImage=broken&tag=1");
      assert.equal(status, 200);
      const messages = body
        .trim()
        .split("\r\n")
        .map((line) => JSON.parse(line));
      assert.deepEqual(messages, [
        { status: "Pulling fs layer", id: "abc", progressDetail: {} },
        { error: "digest mismatch", errorDetail: { message: "digest mismatch" } },
      ]);
    });

    it("names what was loaded and imported", async () => {
      const loaded = await call(socket, "POST", "/images/load?quiet=1", { body: "tar" });
      assert.equal(JSON.parse(loaded.body).stream, "Loaded image: busybox:latest\n");
      const imported = await call(socket, "POST", "/images/create?fromSrc=-&repo=x", { body: "tar" });
      assert.match(JSON.parse(imported.body).status, /^sha256:/);
    });
  });
});
