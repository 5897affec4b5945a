/** Speaks HTTP by hand, so that tests see every byte. */
import { request } from "node:http";
import { connect, type Socket } from "node:net";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export function call(
  socketPath: string,
  method: string,
  path: string,
  options: { readonly body?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { body, headers = {} } = options;
    const outgoing = request({ socketPath, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** A connection on which the test writes what it wants. */
export class RawConnection {
  readonly socketPath: string;
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  #changed = Promise.withResolvers<void>();
  ended = false;

  constructor(socketPath: string) {
    this.socketPath = socketPath;
    this.socket = connect({ path: socketPath, allowHalfOpen: true });
    this.socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#changed.resolve();
    });
    this.socket.on("end", () => {
      this.ended = true;
      this.socket.end();
      this.#changed.resolve();
    });
    this.socket.on("error", () => this.#changed.resolve());
  }

  get received(): Buffer {
    return this.#received;
  }

  /** Waits until what was received satisfies the test. Mocha's time limit ends a wait in vain. */
  async until(test: (received: string) => boolean): Promise<string> {
    while (!test(this.#received.toString("latin1"))) {
      await this.#changed.promise;
      this.#changed = Promise.withResolvers();
    }
    return this.#received.toString("latin1");
  }

  async untilEnd(): Promise<string> {
    return await this.until(() => this.ended);
  }
}
