/**
 * `ctr-diagnosis`: a program of its own, so that neither the engine's loop nor its namespaces are held. Reads one JSON
 * value, {@link DiagnosisInput}, on standard input, and writes JSON lines, {@link DiagnosisEvent}, on standard output. What
 * goes wrong with the question is a line, too; another exit code than 0 means that the program itself has failed.
 */
import { once } from "node:events";
import { CtrError, invalid, messageOf } from "../../lib/errors.ts";
import { answer } from "./answer.ts";
import { decodeRequest } from "./decode-request.ts";
import type { DiagnosisEvent, DiagnosisFailure, DiagnosisInput } from "./request.ts";

async function main(): Promise<void> {
  const aborter = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => aborter.abort());
  // Whoever asked is gone: what was armed is taken away, and nothing more is said.
  process.stdout.on("error", () => aborter.abort());
  try {
    const input = readInput(await readAll());
    await answer(input, { emit: write, signal: aborter.signal });
  } catch (error) {
    if (!aborter.signal.aborted) write(failureOf(error));
  }
  if (process.stdout.writableNeedDrain && !aborter.signal.aborted) await once(process.stdout, "drain");
}

const write = (event: DiagnosisEvent): void => void process.stdout.write(`${JSON.stringify(event)}\n`);

async function readAll(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function readInput(text: string): DiagnosisInput {
  const { dataRoot, execRoot, bundle, request } = JSON.parse(text) as Partial<DiagnosisInput>;
  if (typeof dataRoot !== "string" || typeof execRoot !== "string") {
    throw invalid("the input names no dataRoot and execRoot", "CTR_API_BODY_INVALID");
  }
  return { dataRoot, execRoot, bundle, request: decodeRequest(request) };
}

/** What the user wrote wrong, or what this host lacks. Anything else is a fault of ours: its stack is told, too. */
function failureOf(error: unknown): DiagnosisFailure {
  const left = leftoverOf(error);
  if (left !== undefined) {
    const message = `what was set up to follow packets could not be removed: ${left.message}`;
    return { type: "error", kind: "leftover", message, hint: `remove it: rmdir ${left.path}` };
  }
  if (!(error instanceof CtrError)) {
    const stack = error instanceof Error ? error.stack : undefined;
    return {
      type: "error",
      kind: "environment",
      message: messageOf(error),
      ...(stack === undefined ? {} : { hint: stack }),
    };
  }
  const { kind, message, hint, code } = error;
  const isUsage = (kind === "invalid" || kind === "notFound") && !code.startsWith("CTR_STORE_");
  return {
    ...{ type: "error", kind: isUsage ? "usage" : "environment", message },
    ...(hint === undefined ? {} : { hint }),
  };
}

/** A directory of the kernel's trace events; tables of packet filters go with the process by themselves. */
function leftoverOf(error: unknown): { readonly message: string; readonly path: string } | undefined {
  if (error instanceof SuppressedError) return leftoverOf(error.error) ?? leftoverOf(error.suppressed);
  if (!(error instanceof Error)) return undefined;
  const { syscall, path, message } = error as NodeJS.ErrnoException;
  return syscall === "rmdir" && path !== undefined ? { message, path } : undefined;
}

// Sockets of look-ups and of the trace may still wait for their own end.
void main().then(() => process.exit(0));
