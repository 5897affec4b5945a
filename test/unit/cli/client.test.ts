import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import fc from "fast-check";
import { jsonLines } from "../../../bin/cli/client/body.ts";
import { Client } from "../../../bin/cli/client/client.ts";
import { helpUnreachable } from "../../../bin/cli/client/unreachable.ts";
import { EngineError, UnreachableError } from "../../../bin/cli/errors.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const never = (error: unknown): never => {
  throw error;
};

describe("the client of the API", () => {
  let directory: string;
  let socket: string;
  const running: Server[] = [];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "ctr-client-"));
    socket = join(directory, "s");
  });
  afterEach(() => {
    for (const server of running.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
    rmSync(directory, { recursive: true });
  });

  async function serve(handler: Handler): Promise<Server> {
    const server = createServer(handler);
    running.push(server);
    server.listen(socket);
    await once(server, "listening");
    return server;
  }

  const clientAt = (path: string, unreachable: (error: unknown) => Promise<void> = async (error) => never(error)) =>
    new Client({ kind: "unix", path, text: `unix://${path}`, chosen: true }, unreachable);

  async function withClient<T>(body: (client: Client) => Promise<T>, client = clientAt(socket)): Promise<T> {
    try {
      return await body(client);
    } finally {
      client.close();
    }
  }

  it("sends query and JSON body, reads JSON", async () => {
    await serve(async (request, response) => {
      const body = await text(request);
      response.end(
        JSON.stringify({ method: request.method, url: request.url, type: request.headers["content-type"], body }),
      );
    });
    const query = { name: "a b", all: 1, none: undefined, changes: ["X=1", "Y"] };
    const answer = await withClient((client) => client.post("/x", { query, body: { A: "ü" } }));
    assert.deepEqual(answer, {
      method: "POST",
      url: "/x?name=a%20b&all=1&changes=X%3D1&changes=Y",
      type: "application/json",
      body: '{"A":"ü"}',
    });
  });

  it("gives nothing for an answer without body", async () => {
    await serve((_, response) => response.writeHead(204).end());
    assert.equal(await withClient((client) => client.post("/x")), undefined);
  });

  it("makes errors of statuses, with the engine's words or what else came", async () => {
    const bodies: Record<string, string> = {
      "/json": '{"message":"No such container: x"}',
      "/text": "bad gateway\n",
      "/": "",
    };
    await serve((request, response) => response.writeHead(404).end(bodies[request.url ?? ""]));
    const messageAt = (path: string) =>
      withClient((client) => client.get(path)).then(
        () => "no error",
        (error: unknown) => (error instanceof EngineError ? `${error.status} ${error.message}` : String(error)),
      );
    assert.equal(await messageAt("/json"), "404 Error response from daemon: No such container: x");
    assert.equal(await messageAt("/text"), "404 Error response from daemon: bad gateway");
    assert.equal(await messageAt("/"), "404 Error response from daemon: HTTP status 404");
  });

  it("streams a file up, and JSON lines down", async () => {
    await serve(async (request, response) => {
      const size = (await text(request)).length;
      response.write(`{"a":${size}}\n{"a":`);
      response.end("2}\n");
    });
    const lines = await withClient(async (client) => {
      const upload = Readable.from([Buffer.alloc(100_000, "x"), Buffer.alloc(5, "y")]);
      return await Array.fromAsync(client.events("POST", "/load", { upload }));
    });
    assert.deepEqual(lines, [{ a: 100_005 }, { a: 2 }]);
  });

  it("takes over a connection, with what came right behind the answer", async () => {
    const server = await serve((_, response) => response.end());
    server.on("upgrade", (_, connection) => {
      connection.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nfirst ");
      connection.on("data", (data: Buffer) => connection.end(`echo ${data}`));
    });
    const received = await withClient(async (client) => {
      const connection = await client.hijack("/attach", { body: { Detach: false } });
      connection.write("me");
      return await text(connection);
    });
    assert.equal(received, "first echo me");
  });

  it("shows the way out that the engine knows on a line of its own", async () => {
    await serve((_, response) => response.writeHead(409).end('{"message":"is taken","hint":"web has it"}'));
    await assert.rejects(
      withClient((client) => client.json("GET", "/")),
      { reason: "is taken", message: "Error response from daemon: is taken\nweb has it" },
    );
  });

  it("makes an error of a refused take-over", async () => {
    await serve((_, response) => response.writeHead(409).end('{"message":"not running"}'));
    await assert.rejects(
      withClient((client) => client.hijack("/attach")),
      { name: "EngineError", status: 409, reason: "not running" },
    );
  });

  it("asks for help when nothing listens, and tries once more", async () => {
    const helped: unknown[] = [];
    const help = async (error: unknown) => {
      helped.push(error);
      await serve((_, response) => response.end('"here"'));
    };
    assert.equal(await withClient((client) => client.get("/x"), clientAt(socket, help)), "here");
    assert.equal(helped.length, 1);
    const inVain = clientAt(join(directory, "other"), async () => {});
    await assert.rejects(
      withClient((client) => client.get("/x"), inVain),
      { code: "ENOENT" },
    );
  });

  it("says what to do when nothing listens at an address that the user chose", async () => {
    const address = { kind: "unix", path: socket, text: `unix://${socket}`, chosen: true } as const;
    const client = new Client(address, (error) => helpUnreachable(address, error));
    await assert.rejects(
      withClient((one) => one.get("/x"), client),
      (error) => {
        assert.ok(error instanceof UnreachableError);
        assert.match(
          error.message,
          new RegExp(`^Cannot connect to the ctr engine at unix://${socket}. Is it running\\?\n`),
        );
        assert.match(error.message, new RegExp(`ctrd -H unix://${socket}`));
        return true;
      },
    );
  });

  it("tells a socket that one may not use from one that is not there", async () => {
    const denied = Object.assign(new Error("connect EACCES"), { code: "EACCES" });
    const address = { kind: "unix", path: socket, text: `unix://${socket}`, chosen: false } as const;
    await assert.rejects(
      helpUnreachable(address, denied),
      /^UnreachableError: permission denied while trying to connect/,
    );
  });
});

describe("JSON lines", () => {
  it("are read however they are cut", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue()), fc.integer({ min: 1, max: 7 }), async (values, size) => {
        const bytes = Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join(""));
        const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
          bytes.subarray(index * size, (index + 1) * size),
        );
        const read = await Array.fromAsync(jsonLines(Readable.from(pieces)));
        assert.deepEqual(
          read,
          values.map((value) => JSON.parse(JSON.stringify(value))),
        );
      }),
    );
  });

  it("need no newline behind the last", async () => {
    assert.deepEqual(await Array.fromAsync(jsonLines(Readable.from([Buffer.from('1\n\n{"a":2}')]))), [1, { a: 2 }]);
  });
});
