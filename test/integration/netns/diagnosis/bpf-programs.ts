/** Programs that let every packet pass, attached to links. They go with the link, or with their descriptor. */
import { bpf } from "../../../../lib/system/bpf.ts";
import { addressOf } from "../../../../lib/system/libc.ts";

/** Of linux/bpf.h. */
const LOAD = 5;
const ATTACH = 8;
const CREATE_LINK = 28;
const Type = { classifier: 3, xdp: 6 } as const;
const AttachType = { xdp: 37, tcxIngress: 46 } as const;
/** `r0 = value; exit` */
const program = (value: number): Buffer => Buffer.from([0xb7, 0, 0, 0, value, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]);
const XDP_PASS = 2;
const TCX_PASS = 0;

function check(what: string, result: number): number {
  if (result < 0) throw new Error(`${what}: errno ${-result}`);
  return result;
}

function load(type: number, value: number): number {
  const code = Buffer.concat([program(value), Buffer.alloc(64)]);
  const license = Buffer.alloc(128);
  license.write("GPL");
  const attributes = Buffer.alloc(128);
  attributes.writeUInt32LE(type, 0);
  attributes.writeUInt32LE(2, 4);
  attributes.writeBigUInt64LE(addressOf(code), 8);
  attributes.writeBigUInt64LE(addressOf(license), 16);
  return check("load", bpf(LOAD, attributes));
}

/** To a link of the thread's present namespace. */
export function attachClassifier(index: number): void {
  const attributes = Buffer.alloc(48);
  attributes.writeUInt32LE(index, 0);
  attributes.writeUInt32LE(load(Type.classifier, TCX_PASS), 4);
  attributes.writeUInt32LE(AttachType.tcxIngress, 8);
  check("attach", bpf(ATTACH, attributes));
}

export function attachXdp(index: number): void {
  const attributes = Buffer.alloc(64);
  attributes.writeUInt32LE(load(Type.xdp, XDP_PASS), 0);
  attributes.writeUInt32LE(index, 4);
  attributes.writeUInt32LE(AttachType.xdp, 8);
  check("create a link", bpf(CREATE_LINK, attributes));
}
