/** Clients that leave without a word, or stop reading: the engine keeps nothing of theirs. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import { TestEngine } from "../../support/engine.ts";
import { waitFor } from "../../support/wait.ts";

const ROUNDS = 50;
/** Bytes of output that nobody reads. */
const NOISE = 200_000_000;
/** Bytes. Far less than the noise, far more than the buffers of a connection and the garbage of a minute. */
const PATIENCE = 100_000_000;

type Call = readonly [method: "GET" | "POST", path: string];

describe("clients that leave", () => {
  let engine: TestEngine;
  before(async () => {
    engine = await TestEngine.start();
    await engine.ctrOutput("run", "-d", "-i", "--name", "quiet", "busybox", "cat");
  });
  after(() => engine?.[Symbol.asyncDispose]());

  const descriptors = (): number => readdirSync(`/proc/${engine.pid}/fd`).length;

  const streams: readonly Call[] = [
    ["GET", "/containers/quiet/logs?follow=1&stdout=1"],
    ["GET", "/containers/quiet/stats"],
    ["GET", "/events"],
    ["POST", "/containers/quiet/wait"],
    ["POST", "/containers/quiet/attach?stream=1&stdin=1&stdout=1&stderr=1"],
    ["POST", "/containers/quiet/attach?stream=1&stdout=1&stderr=1"],
  ];
  for (const stream of streams) {
    it(`leave nothing behind of ${stream.join(" ")}`, async () => {
      const before = descriptors();
      for (let round = 0; round < ROUNDS; round++) await openAndLeave(engine, stream);
      // Some files stay open for the container's sake: its counters, the connection to its monitor.
      await waitFor("their connections to be closed", () => descriptors() < before + ROUNDS / 2);
    });
  }

  it("or stop reading do not fill the engine's memory", async () => {
    const script = `yes 0123456789012345678901234567890123456789 | head -c ${NOISE}; sleep 1000`;
    const id = await engine.ctrOutput("run", "-d", "busybox", "sh", "-c", script);
    const { LogPath } = (await engine.api("GET", `/containers/${id}/json`)).json<{ LogPath: string }>();
    const before = residentBytes(engine.pid);
    const client = open(engine, ["GET", `/containers/${id}/logs?follow=1&stdout=1`]);
    const [response] = (await once(client, "response")) as [IncomingMessage];
    response.pause();
    await waitFor("the program to have written all", () => statSync(LogPath).size >= NOISE, 60_000);
    const grown = residentBytes(engine.pid) - before;
    assert.ok(grown < PATIENCE, `${grown} bytes more`);
    client.destroy();
  });
});

function open(engine: TestEngine, [method, path]: Call): ClientRequest {
  const headers = path.includes("/attach") ? { Connection: "Upgrade", Upgrade: "tcp" } : {};
  const client = request({ socketPath: engine.socket, method, path, agent: false, headers });
  client.on("error", () => {});
  return client.end();
}

/** As when the client is killed: the connection is closed, without an end of anything. */
async function openAndLeave(engine: TestEngine, call: Call): Promise<void> {
  const client = open(engine, call);
  client.once("upgrade", (_response, socket: Socket) => socket.destroy());
  client.once("response", () => client.destroy());
  await once(client, "close");
}

const residentBytes = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
