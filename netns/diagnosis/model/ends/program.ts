/** The program behind a socket may be there and yet not answer. */

import type { ProcessState, ProgramState, SocketState } from "../../types/index.ts";
import { death } from "../deaths.ts";
import type { NamespaceModel } from "../namespace.ts";
import { IpProtocol } from "../packet.ts";
import { end, type Trip } from "../trip.ts";

/** Of all periods of its CPU quota: a program that is held up in nearly each of them answers late or never. */
const THROTTLED = 0.9;

interface Trouble {
  readonly reason: "frozen" | "stopped" | "files" | "throttled";
  readonly text: string;
  readonly evidence: string;
  readonly process: ProcessState | undefined;
}

export function findTrouble(trip: Trip, namespace: NamespaceModel, socket: SocketState): void {
  const program = programOf(trip, namespace, socket);
  const trouble = program === undefined ? troubleOfHolder(socket) : troubleOf(program, socket);
  if (trouble === undefined) return;
  const { reason, text, evidence, process } = trouble;
  const facts = {
    place: namespace.key,
    port: socket.port,
    reason,
    process: process?.name ?? socket.process?.name,
    pid: socket.process?.pid,
    ...(reason === "throttled" ? { limit: true } : {}),
  };
  const isTcp = trip.packet.protocol === IpProtocol.tcp;
  end(trip, {
    place: namespace.key,
    stage: "program",
    text,
    evidence: [evidence],
    death: death("program-stuck", facts, isTcp ? "accepted-silence" : "silence"),
  });
}

/** That of the container whose process has the socket; of the namespace's owner when nobody knows. */
function programOf({ world }: Trip, { key }: NamespaceModel, { process }: SocketState): ProgramState | undefined {
  const programs = world.view.containersIn(key).flatMap(({ id }) => world.view.snapshot.programs[id] ?? []);
  if (process === undefined) return programs[0];
  return programs.find(({ processes }) => processes.some(({ pid }) => pid === process.pid));
}

/** Of a program that is no container's. */
function troubleOfHolder({ process }: SocketState): Trouble | undefined {
  if (process?.stopped !== true) return undefined;
  const { name, pid } = process;
  return {
    reason: "stopped",
    text: `${name} was stopped by a signal`,
    evidence: `/proc/${pid}/stat: T`,
    process: undefined,
  };
}

function troubleOf(program: ProgramState, socket: SocketState): Trouble | undefined {
  const process = program.processes.find(({ pid }) => pid === socket.process?.pid);
  const name = process?.name ?? "the program";
  if (program.frozen) {
    return { reason: "frozen", text: `${name} is frozen (paused)`, evidence: "cgroup.freeze = 1", process };
  }
  if (process?.state === "T" || process?.state === "t") {
    return {
      reason: "stopped",
      text: `${name} was stopped by a signal`,
      evidence: `/proc/${process.pid}/stat: ${process.state}`,
      process,
    };
  }
  if (process !== undefined && process.openFilesLimit > 0 && process.openFiles >= process.openFilesLimit) {
    const text = `${name} has all ${process.openFilesLimit} files open that it may: it accepts no connection`;
    return { reason: "files", text, evidence: `/proc/${process.pid}/fd: ${process.openFiles}`, process };
  }
  if (program.throttledShare < THROTTLED) return undefined;
  const share = Math.round(program.throttledShare * 100);
  return {
    reason: "throttled",
    text: `${name} is held up by its CPU limit in ${share} % of the time`,
    evidence: "cpu.stat",
    process,
  };
}
