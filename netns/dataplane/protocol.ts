/**
 * What engine and data plane say to each other over a unix socket: a line of JSON each, answered in order by a line with
 * the same number. Changes are idempotent: said twice, they do nothing the second time.
 */
import type { Writable } from "node:stream";
import type { NameExplanation, NameRecord, NamesSandbox } from "../dns/types.ts";
import type { DataPlaneState, ProxySpecification } from "./types.ts";

/**
 * An engine that finds a data plane of another number ends it and starts its own. It goes up when the messages change, and
 * when a mistake of the running process should not wait for its end.
 */
export const PROTOCOL = 2;

export type DataPlaneRequest =
  /** First of all. Answered with {@link Greeting}. */
  | { readonly do: "hello" }
  /** Makes `state` the whole of what is done. What stays the same goes on undisturbed. */
  | { readonly do: "sync"; readonly state: DataPlaneState; readonly settings: DataPlaneSettings }
  | { readonly do: "serve"; readonly sandbox: NamesSandbox }
  | { readonly do: "unserve"; readonly containerId: string }
  | { readonly do: "put"; readonly record: NameRecord }
  | { readonly do: "remove"; readonly networkId: string; readonly containerId: string }
  | {
      readonly do: "explain";
      readonly containerId: string;
      readonly name: string;
      readonly type: string | undefined;
    }
  /** Those that can be started are, whatever becomes of the others. */
  | { readonly do: "proxy"; readonly proxies: readonly ProxySpecification[] }
  | { readonly do: "unproxy"; readonly ids: readonly string[] }
  | { readonly do: "figures" }
  /** The process ends after the answer. */
  | { readonly do: "end" };

export interface DataPlaneSettings {
  /** Seconds that clients may remember names of containers for. */
  readonly ttl: number;
}

/** The answer's type of each request. */
export interface DataPlaneResults {
  readonly hello: Greeting;
  readonly sync: SyncResult;
  readonly serve: null;
  readonly unserve: null;
  readonly put: null;
  readonly remove: null;
  readonly explain: NameExplanation;
  readonly proxy: readonly ProxyRefusal[];
  readonly unproxy: null;
  readonly figures: DataPlaneFigures;
  readonly end: null;
}

export interface Greeting {
  readonly protocol: number;
  readonly pid: number;
}

export interface SyncResult {
  /** What of the state could not be made: the rest is. */
  readonly failures: readonly { readonly what: string; readonly message: string }[];
}

/** A proxy that could not be started. */
export interface ProxyRefusal {
  readonly id: string;
  readonly failure: Failure;
}

/** Counters since the process started. */
export interface DataPlaneFigures {
  readonly pid: number;
  readonly sandboxes: number;
  readonly records: number;
  readonly proxies: number;
  /** Bytes. */
  readonly residentMemory: number;
  readonly queries: number;
  /** Of `queries`: asked of an upstream server. */
  readonly forwarded: number;
  readonly fromCache: number;
  /** Refused because too many were under way. */
  readonly refused: number;
}

export interface NumberedRequest {
  readonly id: number;
  readonly request: DataPlaneRequest;
}

/** An error loses its class on the way: these are the parts of a CtrError. */
export interface Failure {
  readonly kind: string;
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

export type NumberedAnswer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: Failure };

/** Calls back with each whole line of a byte stream. */
export function lineReader(onLine: (line: string) => void): (chunk: Buffer) => void {
  let rest: Buffer[] = [];
  return (chunk) => {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const line = Buffer.concat([...rest, chunk.subarray(start, end)]).toString("utf8");
      rest = [];
      start = end + 1;
      onLine(line);
    }
    if (start < chunk.length) rest.push(Buffer.from(chunk.subarray(start)));
  };
}

/**
 * Writes lines. Those of one moment go in one write: each wakes the other process.
 * @returns takes one message
 */
export function lineWriter(socket: Pick<Writable, "write">): (message: unknown) => void {
  let lines = "";
  const flush = (): void => {
    const text = lines;
    lines = "";
    socket.write(text);
  };
  return (message) => {
    if (lines === "") process.nextTick(flush);
    lines += `${JSON.stringify(message)}\n`;
  };
}
