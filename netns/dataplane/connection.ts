/** The engine's end of the socket to the data plane: requests and their answers. */
import { connect as connectSocket, type Socket } from "node:net";
import { CtrError, type ErrorKind, hasCode, unavailable } from "../../lib/errors.ts";
import {
  type DataPlaneRequest,
  type DataPlaneResults,
  type Failure,
  lineReader,
  lineWriter,
  type NumberedAnswer,
} from "./protocol.ts";

/** Milliseconds. A process that hangs must not make the engine hang. */
const TIMEOUT = 30_000;

interface Waiting {
  readonly timer: NodeJS.Timeout;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Code of the error of requests whose answer never came: whether they were done is not known. */
export const CONNECTION_LOST = "CTR_DATA_PLANE_LOST";
const NO_ANSWER = "CTR_DATA_PLANE_SILENT";

export class Connection implements Disposable {
  readonly #socket: Socket;
  readonly #send: (message: unknown) => void;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  /** Resolves when the other end has gone, or after disposal. */
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#send = lineWriter(socket);
    // The engine may end while it is connected.
    socket.unref();
    socket.on(
      "data",
      lineReader((line) => this.#settle(JSON.parse(line) as NumberedAnswer)),
    );
    // `close` follows, which is what counts.
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.#abandon();
        resolve();
      });
    });
  }

  /** @returns undefined when nobody listens there */
  static open(path: string): Promise<Connection | undefined> {
    return new Promise((resolve, reject) => {
      const socket = connectSocket(path);
      const onError = (error: Error): void => {
        if (hasCode(error, "ENOENT", "ECONNREFUSED")) resolve(undefined);
        else reject(error);
      };
      socket.once("error", onError);
      socket.once("connect", () => {
        socket.off("error", onError);
        resolve(new Connection(socket));
      });
    });
  }

  /**
   * Requests are done in the order in which they were made.
   * @throws the data plane's error as it was there; `unavailable` ({@link CONNECTION_LOST}) when it ended before it
   *   answered, or (`CTR_DATA_PLANE_SILENT`) gave none in time
   */
  request<R extends DataPlaneRequest>(request: R): Promise<DataPlaneResults[R["do"]]> {
    return new Promise<unknown>((resolve, reject) => {
      if (this.#socket.destroyed) throw lost();
      const id = ++this.#lastId;
      const timer = setTimeout(() => this.#giveUp(id), TIMEOUT).unref();
      this.#waiting.set(id, { timer, resolve, reject });
      // While something is asked the answer is waited for, also by a process that has nothing else to do.
      this.#socket.ref();
      this.#send({ id, request });
    }) as Promise<DataPlaneResults[R["do"]]>;
  }

  /** Ends the process at the other end. Resolves when it has gone. */
  async end(): Promise<void> {
    const answered = this.request({ do: "end" });
    // It may die before its answer is here, which is as good.
    await answered.catch(() => {});
    this.#socket.ref();
    await this.closed;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #settle(answer: NumberedAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    clearTimeout(waiting?.timer);
    if (this.#waiting.size === 0) this.#socket.unref();
    if ("failure" in answer) waiting?.reject(errorOf(answer.failure));
    else waiting?.resolve(answer.result);
  }

  #giveUp(id: number): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.reject(unavailable(`the data plane (ctr-dataplane) gave no answer within ${TIMEOUT / 1000} s`, NO_ANSWER));
  }

  #abandon(): void {
    for (const { timer, reject } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(lost());
    }
    this.#waiting.clear();
  }
}

/** As it was thrown there. */
export const errorOf = ({ kind, code, message, hint }: Failure): CtrError =>
  new CtrError(kind as ErrorKind, message, { code: code as `CTR_${string}`, hint });

const lost = (): CtrError => unavailable("the data plane (ctr-dataplane) has ended", CONNECTION_LOST);
