import assert from "node:assert/strict";
import fc from "fast-check";
import * as codec from "../../../netns/netlink/codec.ts";

describe("netlink codec", () => {
  it("writes attributes as the kernel reads them: length, type, value, padding to four bytes", () => {
    assert.deepEqual([...codec.text(3, "lo")], [7, 0, 3, 0, 0x6c, 0x6f, 0, 0]);
    assert.deepEqual([...codec.u32(4, 1500)], [8, 0, 4, 0, 0xdc, 5, 0, 0]);
    assert.deepEqual([...codec.ip(1, { family: 4, value: 0xac110002n })], [8, 0, 1, 0, 172, 17, 0, 2]);
    assert.deepEqual([...codec.nested(18, [codec.text(1, "veth")])].slice(0, 8), [16, 0, 18, 0x80, 9, 0, 1, 0]);
  });

  it("reads back what it writes, nested too", () => {
    const attribute = fc.record(
      { type: fc.integer({ min: 0, max: 0x3fff }), value: fc.uint8Array({ maxLength: 64 }) },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(fc.uniqueArray(attribute, { selector: ({ type }) => type }), (attributes) => {
        const data = codec.concat(attributes.map(({ type, value }) => codec.bytes(type, value)));
        const outer = codec.parseAttributes(codec.nested(7, [data]));
        const inner = codec.parseAttributes(outer.get(7) ?? Buffer.alloc(0));
        assert.deepEqual(
          [...inner].map(([type, value]) => ({ type, value: new Uint8Array(value) })),
          attributes,
        );
      }),
    );
  });

  it("splits what came in one read into messages", () => {
    const data = Buffer.concat([codec.message(16, 5, 1, Buffer.from("abcd")), codec.message(3, 2, 9, Buffer.alloc(4))]);
    const messages = [...codec.parseMessages(data)];
    assert.deepEqual(
      messages.map(({ type, flags, sequence, payload }) => ({
        type,
        flags,
        sequence,
        text: payload.toString("latin1"),
      })),
      [
        { type: 16, flags: 5, sequence: 1, text: "abcd" },
        { type: 3, flags: 2, sequence: 9, text: "\0\0\0\0" },
      ],
    );
  });

  it("bears any bytes: it never throws and always ends", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const data = Buffer.from(bytes);
        for (const { payload } of codec.parseMessages(data)) codec.parseAttributes(payload);
        codec.parseAttributes(data);
      }),
    );
  });

  it("reads absent attributes as nothing", () => {
    assert.equal(codec.readText(undefined), "");
    assert.equal(codec.readU32(undefined), undefined);
    assert.equal(codec.readMac(undefined), "");
    assert.equal(codec.readMac(Buffer.from([2, 0x42, 0xac, 0x11, 0, 2])), "02:42:ac:11:00:02");
  });
});
