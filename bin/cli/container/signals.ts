/** Passes the signals that `ctr` gets on to the container. */
import { constants } from "node:os";
import type { Client } from "../client/client.ts";

/** Not passed on: those about our own children, terminal or pipes, and those that cannot be caught. */
const OWN = new Set([
  "SIGCHLD",
  "SIGCLD",
  "SIGPIPE",
  "SIGURG",
  "SIGWINCH",
  "SIGKILL",
  "SIGSTOP",
  "SIGTTIN",
  "SIGTTOU",
  "SIGTSTP",
  "SIGCONT",
  "SIGPROF",
  "SIGVTALRM",
  "SIGALRM",
]);
/** The kernel's word about our own fault: passing it on would hide the crash. */
const FAULTS = new Set([
  "SIGSEGV",
  "SIGBUS",
  "SIGFPE",
  "SIGILL",
  "SIGABRT",
  "SIGIOT",
  "SIGTRAP",
  "SIGSYS",
  "SIGSTKFLT",
  "SIGUNUSED",
  "SIGPOLL",
]);

const PASSED = (Object.keys(constants.signals) as NodeJS.Signals[]).filter(
  (name) => !OWN.has(name) && !FAULTS.has(name),
);

/** @returns stops it; signals then mean what they mean to any program */
export function passSignals(client: Client, containerId: string): () => void {
  const pass = (signal: NodeJS.Signals): void => {
    client.post(`/containers/${containerId}/kill`, { query: { signal } }).catch(() => {});
  };
  for (const signal of PASSED) process.on(signal, pass);
  return () => {
    for (const signal of PASSED) process.off(signal, pass);
  };
}
