/** The system call bpf(2), which the C library has no function for. Numbers: linux/bpf.h, and each architecture's unistd.h */
import { addressOf, lastErrno, rawCall } from "./libc.ts";

/** By `process.arch`. */
const NUMBERS: Readonly<Record<string, number>> = {
  ...{ x64: 321, ia32: 357, arm: 386, arm64: 280, loong64: 280, ppc64: 361, riscv64: 280, s390x: 351 },
};

/** enum bpf_cmd */
export const BpfCommand = { queryPrograms: 16 } as const;

/** enum bpf_attach_type */
export const BpfAttachType = { tcxIngress: 46, tcxEgress: 47 } as const;

const ENOSYS = 38;
const ENOENT = 2;

/**
 * @param attributes the part of union bpf_attr that belongs to the command; the kernel may write to it
 * @returns the result, or a negative errno
 */
export function bpf(command: number, attributes: Buffer): number {
  const number = NUMBERS[process.arch];
  if (number === undefined) return -ENOSYS;
  const result = rawCall("bpf", number, command, attributes, attributes.length);
  return result < 0 ? -lastErrno() : result;
}

/** As many as are told of one link. */
const MOST_PROGRAMS = 64;

/**
 * Programs that are attached to a link of the thread's present network namespace.
 * @param index of the link
 * @param type {@link BpfAttachType}
 * @returns ids in the order in which they run; undefined when this kernel does not know the type, or does not tell us
 */
export function attachedPrograms(index: number, type: number): number[] | undefined {
  const ids = Buffer.alloc(4 * MOST_PROGRAMS);
  const attributes = Buffer.alloc(64);
  attributes.writeUInt32LE(index, 0);
  attributes.writeUInt32LE(type, 4);
  attributes.writeBigUInt64LE(addressOf(ids), 16);
  attributes.writeUInt32LE(MOST_PROGRAMS, 24);
  const result = bpf(BpfCommand.queryPrograms, attributes);
  if (result === -ENOENT) return [];
  if (result < 0) return undefined;
  const count = Math.min(attributes.readUInt32LE(24), MOST_PROGRAMS);
  return Array.from({ length: count }, (_, place) => ids.readUInt32LE(4 * place));
}
