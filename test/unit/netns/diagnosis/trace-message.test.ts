import assert from "node:assert/strict";
import { directionOf, type Selection } from "../../../../netns/diagnosis/probe/selection.ts";
import { parseTrace } from "../../../../netns/diagnosis/probe/trace-message.ts";

/** Recorded from Linux 6.18: a SYN from 10.88.0.2:45528 to 192.0.2.2:81. */
const PACKET =
  "08000a000000000206000b000001000008000c000000000506000d0000010000180008004500003c434540003f062c1b0a580002c0000202" +
  "18000900b1d8005198b7550000000000a002faf0cc8a0000120007006ef7a3a88bfd46ae60e3188f08000000";
const RULE =
  "0100000008000f0000000002080004000000000308000600237a48210c000200666f72776172640008000100637472000c0003000000000000" +
  `0000070c0005000800010000000001${PACKET}`;
const JUMP =
  "0100000008000f0000000002080004000000000308000600237a4821060002006600000006000100750000000c000300000000000000000414" +
  `00050008000100fffffffd0800020073756200${PACKET}`;
const REJECT =
  "0100000008000f0000000002080004000000000308000600237a4821080002007375620006000100750000000c00030000000000000000020c" +
  "0005000800010000000000";
const POLICY =
  "0100000008000f000000000208000400000000010800060023373b5f060002006600000006000100750000000800100000000000";
const END_OF_CHAIN =
  "0100000008000f000000000208000400000000030800060023373b5f080002007375620006000100750000000c00050008000100ffffffff";

const parse = (hex: string) => parseTrace(Buffer.from(hex, "hex"));

describe("diagnosis: what the kernel tells about traced packets", () => {
  it("reads a rule that accepts, its devices and its packet", () => {
    const message = parse(RULE);
    assert.ok(message);
    const { packet, ...rest } = message;
    assert.deepEqual(rest, {
      id: 0x237a4821,
      family: "inet",
      table: "ctr",
      chain: "forward",
      kind: "rule",
      handle: 7,
      verdict: "accept",
      target: undefined,
      inputDevice: 2,
      outputDevice: 5,
    });
    assert.deepEqual(packet?.header, {
      source: "10.88.0.2",
      destination: "192.0.2.2",
      sourcePort: 45528,
      destinationPort: 81,
    });
    assert.equal(packet?.bare, false);
  });

  it("reads a jump and where to", () => {
    const message = parse(JUMP);
    assert.deepEqual([message?.verdict, message?.target], ["jump", "sub"]);
  });

  it("reads a rule that drops, a policy that does, and the end of a chain", () => {
    const [reject, policy, end] = [parse(REJECT), parse(POLICY), parse(END_OF_CHAIN)];
    assert.deepEqual([reject?.kind, reject?.chain, reject?.handle, reject?.verdict], ["rule", "sub", 2, "drop"]);
    assert.deepEqual(
      [policy?.kind, policy?.chain, policy?.handle, policy?.verdict],
      ["policy", "f", undefined, "drop"],
    );
    assert.deepEqual([end?.kind, end?.handle, end?.verdict], ["rule", undefined, "continue"]);
    assert.equal(policy?.packet, undefined);
  });

  it("gives nothing for what is cut off anywhere", () => {
    const whole = Buffer.from(JUMP, "hex");
    for (let length = 0; length < whole.length; length++) {
      assert.doesNotThrow(() => parseTrace(whole.subarray(0, length)), `${length} bytes`);
    }
    assert.equal(parseTrace(whole.subarray(0, 3)), undefined);
  });
});

describe("diagnosis: which packets are the flow's", () => {
  const packet = parse(RULE)?.packet;
  const selection: Selection = {
    family: 4,
    protocol: "tcp",
    near: { addresses: ["10.88.0.2", "192.0.2.1"], ports: [45528] },
    far: { addresses: undefined, ports: undefined },
    openingOnly: false,
  };

  it("knows the way of a packet by the end that has the port", () => {
    assert.ok(packet);
    const { header } = packet;
    const answer = {
      source: header.destination,
      destination: "192.0.2.1",
      sourcePort: header.destinationPort,
      destinationPort: header.sourcePort,
    };
    assert.equal(directionOf(selection, packet), "there");
    assert.equal(directionOf(selection, { ...packet, header: answer }), "back");
  });

  it("leaves other ports, other senders and other protocols alone", () => {
    assert.ok(packet);
    const other = (change: object) => ({ ...packet, header: { ...packet.header, ...change } });
    assert.equal(directionOf(selection, other({ sourcePort: 45529 })), undefined);
    assert.equal(directionOf(selection, other({ source: "10.88.0.3" })), undefined);
    assert.equal(directionOf(selection, { ...packet, protocol: 17 }), undefined);
  });

  it("takes an error that is sent back to who asked", () => {
    assert.ok(packet);
    const header = { source: "10.88.0.1", destination: "10.88.0.2", sourcePort: 0, destinationPort: 0 };
    const error = { ...packet, header, protocol: 1, icmp: { type: 3, id: 0, quoted: 6 } };
    assert.equal(directionOf(selection, error), "back");
    assert.equal(directionOf(selection, { ...error, icmp: { type: 3, id: 0, quoted: 17 } }), undefined);
  });

  it("tells an echo's question from its answer by the type", () => {
    assert.ok(packet);
    const echo: Selection = { ...selection, protocol: "icmp", near: { addresses: ["10.88.0.2"], ports: [7] } };
    const question = { ...packet, protocol: 1, icmp: { type: 8, id: 7, quoted: undefined } };
    const header = { ...packet.header, source: "192.0.2.2", destination: "10.88.0.2" };
    assert.equal(directionOf(echo, question), "there");
    assert.equal(directionOf(echo, { ...question, header, icmp: { type: 0, id: 7, quoted: undefined } }), "back");
    assert.equal(directionOf(echo, { ...question, icmp: { type: 8, id: 8, quoted: undefined } }), undefined);
  });
});
