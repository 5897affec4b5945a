/** One engine that is connected to the data plane. */
import type { Socket } from "node:net";
import { lineReader, lineWriter, type NumberedAnswer, type NumberedRequest } from "./protocol.ts";
import { failureOf, type Service } from "./service.ts";

/**
 * Does the requests of a connection one after the other; only explanations, which change nothing and may take seconds,
 * do not keep others waiting.
 * @param end called when the engine says so, after its answer was sent
 */
export function serveEngine(socket: Socket, service: Service, end: () => void): void {
  let previous: Promise<void> = Promise.resolve();
  const send: (answer: NumberedAnswer) => void = lineWriter(socket);

  const perform = async ({ id, request }: NumberedRequest): Promise<void> => {
    if (request.do === "end") {
      send({ id, result: null });
      process.nextTick(() => socket.end(end));
      return;
    }
    try {
      send({ id, result: (await service.perform(request)) ?? null });
    } catch (error) {
      send({ id, failure: failureOf(error) });
    }
  };

  socket.on(
    "data",
    lineReader((line) => {
      const numbered = JSON.parse(line) as NumberedRequest;
      if (numbered.request.do === "explain") void previous.then(() => void perform(numbered));
      else previous = previous.then(() => perform(numbered));
    }),
  );
  // `close` follows.
  socket.on("error", () => {});
}
