/** The stream of progress messages that pull, load and import answer with. */
import { messageOf } from "../../lib/errors.ts";
import type { ProgressMessage } from "../types.ts";
import type { Exchange } from "./exchange.ts";
import type { ResponseSink } from "./sink.ts";

export class ProgressStream {
  readonly #exchange: Exchange;
  #sink: ResponseSink | undefined;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** Sends a message. What only moves a bar is left out while the client reads slowly: the next one replaces it. */
  readonly send = (message: ProgressMessage): void => {
    this.#sink ??= this.#exchange.stream("application/json");
    if (this.#sink.congested && message.progressDetail?.current !== undefined) return;
    void this.#sink.writeJson(withBar(message));
  };

  end(): void {
    this.#sink ??= this.#exchange.stream("application/json");
    this.#sink.end();
  }

  /**
   * Ends with an error. Before the first message it becomes the answer itself, with its status; after that the status
   * is long sent, and the error is the last message.
   */
  fail(error: unknown): void {
    if (this.#sink === undefined) throw error;
    const message = messageOf(error);
    this.send({ error: message, errorDetail: { message } });
    this.#sink.end();
  }
}

/** Clients that print what comes expect a `progressDetail` in every message of a layer, be it empty. */
function withBar(message: ProgressMessage): ProgressMessage {
  return message.id === undefined || message.progressDetail !== undefined
    ? message
    : { ...message, progressDetail: {} };
}
