import assert from "node:assert/strict";
import fc from "fast-check";
import { FrameDecoder, type OutputStream } from "../../../bin/cli/client/frames.ts";
import type { ProgressMessage } from "../../../bin/cli/client/types.ts";
import { EngineError } from "../../../bin/cli/errors.ts";
import { progressText, showProgress } from "../../../bin/cli/terminal/progress.ts";

/** Cuts bytes into pieces of random sizes. */
function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let start = 0, index = 0; start < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1;
    pieces.push(bytes.subarray(start, start + size));
    start += size;
  }
  return pieces;
}

const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 });

describe("frames of output", () => {
  function frame(stream: number, data: Uint8Array): Buffer {
    const header = Buffer.alloc(8);
    header[0] = stream;
    header.writeUInt32BE(data.length, 4);
    return Buffer.concat([header, data]);
  }

  function decode(pieces: readonly Buffer[]): Record<OutputStream, string> {
    const out = { stdout: "", stderr: "" };
    const decoder = new FrameDecoder((stream, data) => {
      out[stream] += data.toString("latin1");
    });
    for (const piece of pieces) decoder.push(piece);
    return out;
  }

  it("come out whole however they are cut", () => {
    const payload = fc.tuple(fc.constantFrom(1, 2), fc.uint8Array({ maxLength: 40 }));
    fc.assert(
      fc.property(fc.array(payload), sizes, (frames, at) => {
        const bytes = Buffer.concat(frames.map(([stream, data]) => frame(stream, data)));
        const text = (stream: number) =>
          frames
            .filter(([one]) => one === stream)
            .map(([, data]) => Buffer.from(data).toString("latin1"))
            .join("");
        assert.deepEqual(decode(cut(bytes, at)), { stdout: text(1), stderr: text(2) });
      }),
    );
  });

  it("go out before they are complete", () => {
    assert.deepEqual(decode([frame(1, Buffer.from("hello")).subarray(0, 10)]), { stdout: "he", stderr: "" });
  });

  it("of the engine's own errors are stderr", () => {
    assert.deepEqual(decode([frame(3, Buffer.from("oh"))]), { stdout: "", stderr: "oh" });
  });
});

describe("progress", () => {
  async function shown(messages: readonly ProgressMessage[], terminal?: number): Promise<string> {
    let text = "";
    const output = {
      write: (more: string) => {
        text += more;
      },
      ...(terminal === undefined ? {} : { isTTY: true, columns: terminal }),
    };
    await showProgress(
      (async function* () {
        yield* messages;
      })(),
      output,
    );
    return text;
  }

  const PULL: readonly ProgressMessage[] = [
    { status: "Pulling from library/busybox", id: "latest" },
    { status: "Pulling fs layer", id: "aaa", progressDetail: {} },
    { status: "Pulling fs layer", id: "bbb", progressDetail: {} },
    { status: "Downloading", id: "aaa", progressDetail: { current: 500_000, total: 1_000_000 } },
    { status: "Pull complete", id: "bbb", progressDetail: {} },
    { status: "Digest: sha256:1" },
    { status: "Status: Downloaded newer image for busybox:latest" },
  ];

  it("is plain lines without counts elsewhere than on a terminal", async () => {
    assert.equal(
      await shown(PULL),
      [
        "latest: Pulling from library/busybox",
        "aaa: Pulling fs layer",
        "bbb: Pulling fs layer",
        "bbb: Pull complete",
        "Digest: sha256:1",
        "Status: Downloaded newer image for busybox:latest\n",
      ].join("\n"),
    );
  });

  it("redraws the line of each layer on a terminal", async () => {
    const text = await shown(PULL, 120);
    const screen = drawnLines(text);
    assert.deepEqual(screen, [
      "latest: Pulling from library/busybox",
      `aaa: Downloading [${"=".repeat(25)}>${" ".repeat(25)}]    500kB/1MB`,
      "bbb: Pull complete",
      "Digest: sha256:1",
      "Status: Downloaded newer image for busybox:latest",
    ]);
  });

  it("never draws a line wider than the terminal", async () => {
    const lines = drawnLines(await shown(PULL, 20));
    assert.ok(
      lines.slice(1, 3).every((line) => line.length <= 20),
      lines.join("\n"),
    );
  });

  it("has docker's bar", () => {
    assert.equal(progressText({}, 200), "");
    assert.equal(progressText({ current: 1000 }, 200), "     1kB");
    assert.equal(progressText({ current: 2_000, total: 1000 }, 80), "     2kB");
    assert.equal(progressText({ current: 1000, total: 1000 }, 200), `[${"=".repeat(50)}>]      1kB/1kB`);
    assert.equal(progressText({ current: 1000, total: 4000 }, 80), "     1kB/4kB");
  });

  it("prints what streams as it is, and fails with the engine's words", async () => {
    assert.equal(await shown([{ stream: "Loaded image: a\n" }]), "Loaded image: a\n");
    await assert.rejects(
      shown([{ error: "no", errorDetail: { message: "no such thing" } }]),
      (error) => error instanceof EngineError && error.message === "no such thing",
    );
  });
});

/** What stands on a screen after these characters: newlines, cursor up and down, carriage return, clear line. */
function drawnLines(text: string): string[] {
  const lines: string[] = [""];
  let row = 0;
  for (const [token] of text.replaceAll("\x1b[", "⎋").matchAll(/⎋\d*[ABK]|\r|\n|[^⎋\r\n]+/g)) {
    const moves = /^⎋(\d+)([AB])$/.exec(token);
    if (moves !== null) row += Number(moves[1]) * (moves[2] === "A" ? -1 : 1);
    else if (token === "⎋2K") lines[row] = "";
    else if (token === "\n") row++;
    else if (token !== "\r") lines[row] = token;
    while (lines.length <= row) lines.push("");
  }
  return lines.filter((line) => line !== "");
}
