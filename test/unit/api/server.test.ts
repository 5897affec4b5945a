import assert from "node:assert/strict";
import { existsSync, linkSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { silentLogger } from "../../../lib/log.ts";
import { ApiServer } from "../../../runtime/api/index.ts";
import { waitFor } from "../../support/wait.ts";
import { ApiHost, head, JSON_TYPE } from "./api-host.ts";
import { call, RawConnection } from "./http-client.ts";
import type { MemoryEngine } from "./memory-engine.ts";
import { CONTAINER_ID } from "./records.ts";

describe("ApiServer", () => {
  let host: ApiHost;
  let directory: string;
  let socket: string;
  let engine: MemoryEngine;
  let server: ApiServer;

  beforeEach(async () => {
    host = await ApiHost.start();
    ({ directory, socket, engine, server } = host);
  });

  afterEach(() => host[Symbol.asyncDispose]());

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
