/** Takes a connection out of HTTP, as attach and exec need: output one way, input the other, either end may close first. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex, Readable } from "node:stream";
import { ResponseSink } from "./sink.ts";

/** The connection of a request that asked for `Upgrade: tcp`, and what the client sent right after it. */
export interface Upgrade {
  readonly socket: Duplex;
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

export function takeConnection(
  request: IncomingMessage,
  response: ServerResponse,
  upgrade: Upgrade | undefined,
  contentType: string,
): HijackedConnection {
  return upgrade === undefined
    ? plainConnection(request, response, contentType)
    : upgradedConnection(response, upgrade, contentType);
}

/** Without upgrade: the body of the answer is the output, the body of the request (often none) the input. */
function plainConnection(request: IncomingMessage, response: ServerResponse, contentType: string): HijackedConnection {
  // Old clients read the raw connection after the headers: a chunked body would put its lengths into the output.
  response.removeHeader("Transfer-Encoding");
  response.writeHead(200, { "Content-Type": contentType, Connection: "close" });
  response.flushHeaders();
  const output = new ResponseSink(response);
  return {
    input: request,
    output,
    onClose: (listener) => response.once("close", listener),
    close: () => output.end(),
  };
}

function upgradedConnection(
  response: ServerResponse,
  { socket, head }: Upgrade,
  contentType: string,
): HijackedConnection {
  const headers = Object.entries(response.getHeaders()).map(([name, value]) => `${name}: ${value}\r\n`);
  response.detachSocket(socket as Parameters<ServerResponse["detachSocket"]>[0]);
  socket.write(
    `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${contentType}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n${headers.join("")}\r\n`,
  );
  if (head.length > 0) socket.unshift(head);
  const output = new ResponseSink(socket);
  return {
    input: socket,
    output,
    onClose: (listener) => socket.once("close", listener),
    close: () => endAndDrain(socket, output),
  };
}

/**
 * Ends our half and reads the client's to its end. Closing a unix socket with unread input in it would make the client
 * see ECONNRESET in place of the end of the output.
 */
function endAndDrain(socket: Duplex, output: ResponseSink): void {
  output.end();
  socket.resume();
}
