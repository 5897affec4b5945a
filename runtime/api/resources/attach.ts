/** `POST /containers/{id}/attach`. */

import { DetachScanner, parseDetachKeys } from "../../../lib/detach-keys.ts";
import type { ApiEngine } from "../engine-face.ts";
import type { Exchange } from "../exchange.ts";
import { streamContentType } from "../frames.ts";
import { joinStreams, writeOutput } from "../stdio.ts";

export async function attachContainer(exchange: Exchange, { containers }: ApiEngine): Promise<void> {
  const reference = exchange.parameter("id");
  const container = containers.find(reference);
  const { Tty: tty = false, OpenStdin: hasInput = false } = container.config;
  const wants = { stdin: exchange.flag("stdin"), stdout: exchange.flag("stdout"), stderr: exchange.flag("stderr") };
  const logs = exchange.flag("logs");
  const stream = exchange.flag("stream");
  const detachKeys = parseDetachKeys(exchange.text("detachKeys"));
  const leaving = new AbortController();
  // Who sees the end of the output asks for the exit code next, so that must be recorded by then.
  const ended = stream ? containers.wait(container.id, "next-exit", leaving.signal) : undefined;
  try {
    // Attached before the headers go out: clients start the container when they see them.
    const attachment = stream
      ? await containers.attach(reference, { ...wants, stdin: wants.stdin && hasInput })
      : undefined;
    const connection = await exchange.hijack(streamContentType(tty, exchange.version));
    if (logs) {
      const { stdout, stderr } = wants;
      for await (const entry of containers.logs(container.id, { stdout, stderr, signal: exchange.closing })) {
        if (!(await writeOutput(connection.output, tty, entry.stream, entry.data))) break;
      }
    }
    if (attachment === undefined) return connection.close();
    await joinStreams(connection, attachment, {
      stdin: wants.stdin && hasInput,
      detach: tty ? new DetachScanner(detachKeys) : undefined,
      ended: async () => void (await ended),
      signal: exchange.closing,
    });
  } finally {
    leaving.abort();
  }
}
