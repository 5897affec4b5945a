import { obstaclesOfKind } from "../../obstacles.ts";
import type { SnapshotView } from "../../snapshot-view.ts";
import { type Cause, HOST, type IntendedContainer, type ProgramState, type SocketHolder } from "../../types/index.ts";
import { number, placeOf, text } from "../facts.ts";
import { byHand, ownCommand } from "../fixes.ts";
import { type Case, found } from "../found.ts";

type Reason = "frozen" | "stopped" | "throttled";

export const programStopped: Cause = {
  code: "CTRN606",
  severity: "error",
  heading: "The program is not allowed to run",

  // A container that the user paused is as he wants it.
  inspect: ({ snapshot, view }) => [
    ...companions(view).map((process) => found(programStopped, undefined, caseOfHostProcess(process))),
    ...snapshot.intent.containers.flatMap((container) => {
      const program = snapshot.programs[container.id];
      if (!container.running || container.paused || program === undefined) return [];
      if (program.frozen) return found(programStopped, undefined, caseOf(container, program, "frozen"));
      if (!isStopped(program)) return [];
      return found(programStopped, undefined, { ...caseOf(container, program, "stopped"), severity: "warning" });
    }),
  ],

  explain: (context) =>
    obstaclesOfKind(context, "program-stuck").flatMap((obstacle) => {
      const reason = text(obstacle, "reason");
      if (reason !== "frozen" && reason !== "stopped" && reason !== "throttled") return [];
      const containers = context.view.containersIn(placeOf(obstacle));
      const { programs } = context.snapshot;
      const container = containers.find(({ id }) => isReason(programs[id], reason)) ?? containers[0];
      const pid = number(obstacle, "pid");
      const isOfContainer = containers.some(({ id }) => programs[id]?.processes.some((one) => one.pid === pid));
      if (reason === "stopped" && pid !== undefined && !isOfContainer) {
        return found(
          programStopped,
          obstacle,
          caseOfHostProcess({ pid, name: text(obstacle, "process") }, number(obstacle, "port")),
        );
      }
      return container === undefined
        ? []
        : found(programStopped, obstacle, caseOf(container, programs[container.id], reason));
    }),
};

const COMPANION = "ctr-dataplane";

/** Processes of ctr's own that were stopped: each once, whatever it listens on. */
function companions({ host }: SnapshotView): SocketHolder[] {
  const stopped = host.sockets.flatMap(({ process }) =>
    process?.name === COMPANION && process.stopped === true ? process : [],
  );
  return [...new Map(stopped.map((process) => [process.pid, process])).values()];
}

/** @param port that was asked for */
function caseOfHostProcess({ pid, name }: SocketHolder, port?: number): Case {
  const isOurs = name === COMPANION;
  const argv = ["kill", "-CONT", String(pid)];
  const words = "Let it run again.";
  return {
    object: `process ${name} (${pid}) of the host`,
    title: isOurs
      ? `The process ${name} of ctr, which passes on what comes to published ports and answers names, was stopped by a signal.`
      : `The network is fine: the program ${name} on the host was stopped by a signal (SIGSTOP), so it answers nobody.`,
    explanation: `A debugger or a person has stopped it. The kernel goes on accepting connections for it${isOurs ? ", and nobody passes them on" : ""}.`,
    evidence: [
      { source: `/proc/${pid}/stat`, value: `${name}: state T`, expected: "S or R" },
      ...(port === undefined ? [] : [{ source: "ss -lnp", value: `${name} has port ${port}` }]),
    ],
    fix: isOurs ? ownCommand(HOST, "host", argv, words) : byHand(words, argv),
  };
}

/** All of its processes: one alone may be somebody's job control. */
const isStopped = ({ processes }: ProgramState): boolean =>
  processes.length > 0 && processes.every(({ state }) => state === "T" || state === "t");

const isReason = (program: ProgramState | undefined, reason: Reason): boolean =>
  program !== undefined &&
  (reason === "frozen"
    ? program.frozen
    : reason === "stopped"
      ? program.processes.some(({ state }) => state === "T")
      : program.throttledShare > 0);

function caseOf({ name, paused }: IntendedContainer, program: ProgramState | undefined, reason: Reason): Case {
  const stopped = program?.processes.find(({ state }) => state === "T" || state === "t");
  const common = { object: `container ${name}` };
  if (reason === "frozen") {
    return {
      ...common,
      title: `The network is fine: the container ${name} is ${paused ? "paused" : "frozen"}, so its programs answer nobody.`,
      explanation: "The kernel goes on accepting connections and data for it, until its queues are full.",
      evidence: [{ source: `cgroup of ${name}`, value: "frozen", expected: "thawed" }],
      fix: byHand("Let it run again.", ["ctr", "unpause", name]),
    };
  }
  if (reason === "stopped") {
    return {
      ...common,
      title: `The network is fine: the program in ${name} was stopped by a signal (SIGSTOP), so it answers nobody.`,
      explanation: "A debugger or a person has stopped it. The kernel goes on accepting connections for it.",
      evidence: [
        {
          source: `/proc/${stopped?.pid ?? "PID"}/stat`,
          value: `${stopped?.name ?? "process"}: state T`,
          expected: "S or R",
        },
      ],
      fix: byHand("Let it run again.", ["kill", "-CONT", String(stopped?.pid ?? "PID")]),
    };
  }
  const share = Math.round((program?.throttledShare ?? 0) * 100);
  return {
    ...common,
    title: `The network is fine: the container ${name} has used up its share of the processor, and is kept from running most of the time.`,
    explanation: `Its limit is ${program?.cpus ?? "a part"} of a CPU; in ${share} % of the periods it was stopped before the end.`,
    evidence: [
      {
        source: `ctr limit explain ${name}`,
        value: `throttled in ${share} % of the periods, ${Math.round((program?.throttledMicroseconds ?? 0) / 1000)} ms in all`,
      },
    ],
    fix: byHand("Give it more, or look at what it spends it on.", ["ctr", "limit", "set", name, "--cpus", "1"]),
  };
}
