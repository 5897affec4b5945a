/** The progress of a pull, load or import: a line a layer that is redrawn on a terminal, plain lines elsewhere. */
import type { WriteStream } from "node:tty";
import { formatSize } from "../../../lib/units/size.ts";
import type { ProgressMessage } from "../client/types.ts";
import { CliError, EngineError } from "../errors.ts";

const BAR_WIDTH = 50;
/** Narrower terminals get numbers without a bar. */
const WIDTH_FOR_BAR = 110;

export interface ProgressOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/**
 * Shows messages as they come.
 * @throws {EngineError} for an error that the engine sends in the stream
 */
export async function showProgress(
  messages: AsyncIterable<ProgressMessage>,
  output: ProgressOutput | WriteStream,
): Promise<void> {
  const display = output.isTTY === true ? new TerminalDisplay(output) : new PlainDisplay(output);
  for await (const message of messages) {
    if (message.error !== undefined) throw failureOf(message);
    display.show(message);
  }
}

function failureOf({ error = "", errorDetail }: ProgressMessage): Error {
  const reason = errorDetail?.message ?? error;
  return errorDetail?.code === 401
    ? new CliError(`authentication is required: ${reason}`)
    : new EngineStreamError(reason);
}

/** An error within a stream: Docker prints it without the words before it. */
export class EngineStreamError extends EngineError {
  constructor(reason: string) {
    super(500, reason);
    this.message = reason;
  }
}

const textOf = ({ id, status, stream }: ProgressMessage): string =>
  `${id === undefined || id === "" ? "" : `${id}: `}${stream ?? status ?? ""}`;

class PlainDisplay {
  readonly #output: ProgressOutput;

  constructor(output: ProgressOutput) {
    this.#output = output;
  }

  show(message: ProgressMessage): void {
    if (progressText(message.progressDetail, 0) !== "") return;
    this.#output.write(message.stream === undefined ? `${textOf(message)}\n` : textOf(message));
  }
}

/** Each id has a line of its own; a message for it moves the cursor there, and back. */
class TerminalDisplay {
  readonly #output: ProgressOutput;
  readonly #lines = new Map<string, number>();

  constructor(output: ProgressOutput) {
    this.#output = output;
  }

  show(message: ProgressMessage): void {
    const { id, progressDetail } = message;
    if (id === undefined || id === "" || progressDetail === undefined) {
      // What follows other output begins new lines.
      this.#lines.clear();
      this.#output.write(message.stream === undefined ? `${textOf(message)}\n` : textOf(message));
      return;
    }
    const bar = progressText(progressDetail, this.#output.columns ?? 0);
    const line = `${textOf(message)}${bar === "" ? "" : ` ${bar}`}`;
    const known = this.#lines.get(id);
    if (known === undefined) {
      this.#lines.set(id, this.#lines.size);
      this.#output.write(`${clipped(line, this.#output.columns)}\n`);
      return;
    }
    const up = this.#lines.size - known;
    this.#output.write(`\x1b[${up}A\r\x1b[2K${clipped(line, this.#output.columns)}\r\x1b[${up}B`);
  }
}

/** A line that wraps would take two rows and upset the count. */
const clipped = (line: string, columns = Number.POSITIVE_INFINITY): string =>
  line.length <= columns ? line : line.slice(0, columns);

/** `[=====>     ]  1.2MB/3.4MB`; empty when nothing has been counted. Exported for tests. */
export function progressText(detail: ProgressMessage["progressDetail"], columns: number): string {
  const { current = 0, total = 0 } = detail ?? {};
  if (current <= 0 && total <= 0) return "";
  const amount = formatSize(current, 4).padStart(8);
  if (total <= 0) return amount;
  const done = Math.min(Math.trunc((current / total) * BAR_WIDTH), BAR_WIDTH);
  const bar = columns > WIDTH_FOR_BAR ? `[${"=".repeat(done)}>${" ".repeat(BAR_WIDTH - done)}] ` : "";
  return `${bar}${amount}${current > total ? "" : `/${formatSize(total, 4)}`}`;
}
