import assert from "node:assert/strict";
import fc from "fast-check";
import { DetachScanner, parseDetachKeys } from "../../../lib/detach-keys.ts";

describe("detach keys", () => {
  it("are read as docker's", () => {
    assert.deepEqual(parseDetachKeys("ctrl-p,ctrl-q"), [16, 17]);
    assert.deepEqual(parseDetachKeys("a,ctrl-@,CTRL-["), [97, 0, 27]);
    assert.throws(() => parseDetachKeys("ctrl-1"), {
      message: "invalid detach keys provided: Unknown character: 'ctrl-1'",
    });
    for (const text of ["", "ctrl-", "shift-a", "\u00e9"]) {
      assert.throws(() => parseDetachKeys(text), { status: 400, message: /^invalid detach keys/ });
    }
  });

  const KEYS = parseDetachKeys();

  function scan(pieces: readonly Buffer[]): { readonly text: string; readonly detached: boolean } {
    const scanner = new DetachScanner(KEYS);
    let text = "";
    for (const piece of pieces) {
      const { data, detached } = scanner.scan(piece);
      text += data.toString("latin1");
      if (detached) return { text, detached };
    }
    return { text, detached: false };
  }

  it("detach, also one by one, and are not sent", () => {
    assert.deepEqual(scan([Buffer.from("ls\x10\x11more")]), { text: "ls", detached: true });
    assert.deepEqual(scan([Buffer.from("\x10"), Buffer.from("\x11")]), { text: "", detached: true });
    assert.deepEqual(scan([Buffer.from("\x10\x10\x11")]), { text: "\x10", detached: true });
  });

  it("are sent when the sequence is not completed", () => {
    assert.deepEqual(scan([Buffer.from("\x10a\x11")]), { text: "\x10a\x11", detached: false });
  });

  it("give the same whatever pieces the input comes in", () => {
    const key = fc.constantFrom(0x10, 0x11, 0x61);
    fc.assert(
      fc.property(fc.array(key, { maxLength: 12 }), fc.integer({ min: 1, max: 4 }), (keys, size) => {
        const input = Buffer.from(keys);
        assert.deepEqual(scan(cut(input, size)), scan([input]));
        const whole = input.toString("latin1");
        const end = whole.indexOf("\x10\x11");
        if (end >= 0) assert.deepEqual(scan([input]), { text: whole.slice(0, end), detached: true });
        // A first key at the end is held back: the second may still come.
        else assert.equal(scan([input]).text, whole.endsWith("\x10") ? whole.slice(0, -1) : whole);
      }),
    );
  });
});

function cut(input: Buffer, size: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < input.length; at += size) pieces.push(input.subarray(at, at + size));
  return pieces;
}
