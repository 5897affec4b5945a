/** Asks the diagnosis: through the engine; where it does not run, or for a bundle, by a program of our own. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { hasCode, messageOf } from "../../../lib/errors.ts";
import { jsonProgram } from "../../../lib/json-program.ts";
import type { DiagnosisEvent, DiagnosisInput, DiagnosisRequest } from "../../../runtime/index.ts";
import { Client } from "../client/client.ts";
import { CliError, EngineError } from "../errors.ts";
import { DiagnosisExit } from "./exit-codes.ts";
import { engineRoots } from "./roots.ts";

export interface AskOptions {
  /** A bundle that is looked at in place of the machine. */
  readonly bundle?: string | undefined;
  readonly signal?: AbortSignal;
  /** Called when the engine is down, with what is done in its place. */
  readonly notice: (text: string) => void;
}

/** @throws {CliError} `usage` for a question that is wrong, `environment` for what the host lacks */
export async function* askDiagnosis(
  client: Client,
  request: DiagnosisRequest,
  options: AskOptions,
): AsyncGenerator<DiagnosisEvent> {
  for await (const event of eventsOf(client, request, options)) {
    if (event.type === "error") throw failureOf(event);
    yield event;
  }
}

function failureOf({ kind, message, hint }: Extract<DiagnosisEvent, { type: "error" }>): CliError {
  return new CliError(hint === undefined ? message : `${message}\n${hint}`, DiagnosisExit[kind]);
}

async function* eventsOf(
  client: Client,
  request: DiagnosisRequest,
  options: AskOptions,
): AsyncGenerator<DiagnosisEvent> {
  const { bundle, signal, notice } = options;
  if (bundle !== undefined) {
    yield* ownProgram({ ...engineRoots(process.env), bundle: resolve(bundle), request }, signal);
    return;
  }
  // One that starts no engine: what is wrong with the network is to be seen as it is.
  const asking = new Client(client.address, (error) => Promise.reject(error));
  const answer = await asking
    .stream("POST", "/ctr/net/diagnosis", { body: request, ...(signal === undefined ? {} : { signal }) })
    .catch((error: unknown) => withoutEngine(client, error));
  try {
    if (answer === undefined) {
      const roots = engineRoots(process.env);
      notice(`The engine does not run at ${client.address.text}: its state is read from ${roots.dataRoot}.`);
      yield* ownProgram({ ...roots, request }, signal);
    } else {
      const { jsonLines } = await import("../client/body.ts");
      yield* jsonLines<DiagnosisEvent>(answer);
    }
  } finally {
    asking.close();
  }
}

/** @returns undefined when nobody listens at a socket of this machine @throws {CliError} */
function withoutEngine({ address }: Client, error: unknown): undefined {
  if (error instanceof EngineError) {
    const isOlder = error.status === 404 && error.reason === "page not found";
    const message = isOlder
      ? `the engine at ${address.text} has no diagnosis: it is no ctr, or an older one`
      : error.message;
    throw new CliError(message, error.status === 400 ? DiagnosisExit.usage : DiagnosisExit.environment);
  }
  if (address.kind === "unix" && hasCode(error, "ENOENT", "ECONNREFUSED")) return undefined;
  const denied = hasCode(error, "EACCES", "EPERM") ? "\nRun it as root: sudo ctr net …" : "";
  throw new CliError(
    `Cannot connect to the ctr engine at ${address.text}: ${messageOf(error)}${denied}`,
    DiagnosisExit.environment,
  );
}

async function* ownProgram(input: DiagnosisInput, signal: AbortSignal | undefined): AsyncGenerator<DiagnosisEvent> {
  try {
    yield* jsonProgram<DiagnosisEvent>([process.execPath, programPath()], { input, signal });
  } catch (error) {
    throw new CliError(messageOf(error), DiagnosisExit.environment);
  }
}

/** In a release beside this bundle, else among the sources. */
function programPath(): string {
  const bundled = join(import.meta.dirname, "ctr-diagnosis.cjs");
  return existsSync(bundled) ? bundled : join(import.meta.dirname, "../../../runtime/diagnosis/ctr-diagnosis.ts");
}
