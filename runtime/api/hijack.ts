/** Takes a connection out of HTTP, as attach and exec need: output one way, input the other, either end may close first. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import { RAW_STREAM } from "./frames.ts";
import { ResponseSink } from "./sink.ts";

/** Milliseconds. */
const PROBE_INTERVAL = 2000;

/** The connection of a request that asked for `Upgrade: tcp`, and what the client sent right after it. */
export interface Upgrade {
  readonly socket: Socket;
  readonly head: Buffer;
}

export interface HijackedConnection {
  /** What the client sends; it ends when the client closes its half. */
  readonly input: Readable;
  readonly output: ResponseSink;
  /** Calls back once when the connection is gone. */
  onClose(listener: () => void): void;
  /** Ends the output after what is still to be written; the connection closes when the client has ended too. */
  close(): void;
}

/**
 * Answers `101 UPGRADED` when the client asked for an upgrade, else `200`; after that the bytes of the connection are the
 * output and the input, raw, as Docker does it. The body of the request must have been read.
 */
export function takeConnection(
  request: IncomingMessage,
  response: ServerResponse,
  upgrade: Upgrade | undefined,
  contentType: string,
): HijackedConnection {
  const socket = upgrade?.socket ?? takeFromParser(request.socket);
  response.detachSocket(socket);
  const common = Object.entries(response.getHeaders()).map(([name, value]) => `${name}: ${value}\r\n`);
  // Docker looks at the header alone; Node calls it an upgrade only where `Connection` says so, too.
  const asked = upgrade !== undefined || request.headers.upgrade !== undefined;
  const status = asked ? "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n" : "HTTP/1.1 200 OK\r\n";
  // Docker names the frames in an answer to an upgrade alone.
  const named = asked ? contentType : RAW_STREAM;
  socket.write(`${status}Content-Type: ${named}\r\n${common.join("")}\r\n`);
  if (upgrade !== undefined && upgrade.head.length > 0) socket.unshift(upgrade.head);
  const output = new ResponseSink(socket);
  socket.once("end", () => closeWhenGone(socket));
  return {
    input: socket,
    output,
    onClose: (listener) => socket.once("close", listener),
    close: () => endAndDrain(socket, output),
  };
}

/**
 * Node takes its HTTP parser off a connection only for an upgrade. Without one its listeners are removed by hand: what
 * the client sends must not be read as requests, which would also let input that is passed on command the engine.
 */
function takeFromParser(socket: Socket): Socket {
  const nothing = (): void => {};
  // The parser reads past the stream, from the handle itself, until somebody else listens for data.
  socket.on("data", nothing);
  socket.pause();
  for (const event of ["data", "end"]) socket.removeAllListeners(event);
  return socket;
}

/**
 * Both a client that has ended its input and one that is gone end what we read. A write of nothing tells them apart on a
 * unix socket: it fails with EPIPE when the other end is closed, see unix(7), and the stream then closes. Without it the
 * connections of clients that were killed would stay for as long as the container is silent.
 */
function closeWhenGone(socket: Socket): void {
  const probe = (): boolean => socket.writable && socket.write("");
  const timer = setInterval(probe, PROBE_INTERVAL).unref();
  socket.once("close", () => clearInterval(timer));
  probe();
}

/**
 * Ends our half and reads the client's to its end. Closing a unix socket with unread input in it would make the client
 * see ECONNRESET in place of the end of the output.
 */
function endAndDrain(socket: Socket, output: ResponseSink): void {
  output.end();
  socket.resume();
}
