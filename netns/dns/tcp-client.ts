/** One TCP connection of a client: messages with their length before them, RFC 1035 section 4.2.2, RFC 7766. */
import type { Socket } from "node:net";
import { MAX_MESSAGE } from "./wire/constants.ts";

/** Milliseconds without anything being sent. */
const IDLE_TIMEOUT = 10_000;
/** Questions of one connection that are asked elsewhere at a time; the client waits with further ones. */
const MAX_PENDING = 32;
const LENGTH_BYTES = 2;

/** @param respond undefined when there is no answer to give */
export function serveTcpClient(
  client: Socket,
  respond: (message: Buffer) => Buffer | undefined | Promise<Buffer | undefined>,
): void {
  let rest: Buffer = Buffer.alloc(0);
  let pending = 0;
  let ended = false;

  const answer = (message: Buffer | undefined): void => {
    if (message === undefined || client.destroyed) return;
    client.write(Buffer.concat([lengthOf(message), message]));
  };
  const endWhenDone = (): void => {
    if (ended && pending === 0 && firstMessage(rest) === undefined) client.end();
  };
  const take = (): void => {
    while (pending < MAX_PENDING && !client.writableNeedDrain) {
      const message = firstMessage(rest);
      if (message === undefined) break;
      rest = rest.subarray(LENGTH_BYTES + message.length);
      const result = respond(message);
      if (!(result instanceof Promise)) {
        answer(result);
        continue;
      }
      pending++;
      void result.then((late) => {
        pending--;
        answer(late);
        take();
      });
    }
    // What is not read fills the kernel's buffers, and then the client waits.
    if (pending >= MAX_PENDING || client.writableNeedDrain) client.pause();
    else if (client.isPaused()) client.resume();
    endWhenDone();
  };

  client.setTimeout(IDLE_TIMEOUT, () => client.destroy());
  client.on("error", () => client.destroy());
  client.on("data", (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    take();
  });
  client.on("drain", take);
  client.on("end", () => {
    ended = true;
    take();
  });
}

/** The message at the beginning of what came. @returns undefined while it is not whole */
export function firstMessage(bytes: Buffer): Buffer | undefined {
  if (bytes.length < LENGTH_BYTES) return undefined;
  const end = LENGTH_BYTES + bytes.readUInt16BE(0);
  return bytes.length < end ? undefined : bytes.subarray(LENGTH_BYTES, end);
}

export function lengthOf(message: Buffer): Buffer {
  if (message.length > MAX_MESSAGE) throw new RangeError(`a DNS message of ${message.length} bytes`);
  return Buffer.from([message.length >> 8, message.length & 0xff]);
}
