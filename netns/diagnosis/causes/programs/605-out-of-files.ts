import { obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, HOST, type ProcessState, type StateContext } from "../../types/index.ts";
import { placeOf, text } from "../facts.ts";
import { byHand } from "../fixes.ts";
import { type Case, found } from "../found.ts";

export const outOfFiles: Cause = {
  code: "CTRN605",
  severity: "error",
  heading: "The program may not open another file or connection",

  inspect: (context) =>
    Object.values(context.snapshot.programs).flatMap(({ containerId, processes }) =>
      processes.filter(isOut).map((process) => found(outOfFiles, undefined, caseOf(context, containerId, process))),
    ),

  explain: (context) =>
    obstaclesOfKind(context, "program-stuck")
      .filter((obstacle) => text(obstacle, "reason") === "files")
      .map((obstacle) => {
        const place = placeOf(obstacle);
        const process = processIn(context, place);
        return found(outOfFiles, obstacle, caseOf(context, place === HOST ? "" : place, process));
      }),
};

/** A limit of 0 was not read. */
const isOut = ({ openFiles, openFilesLimit }: ProcessState): boolean =>
  openFilesLimit > 0 && openFiles >= openFilesLimit;

const processIn = ({ snapshot, view }: StateContext, place: string): ProcessState | undefined =>
  view
    .containersIn(place)
    .flatMap(({ id }) => snapshot.programs[id]?.processes ?? [])
    .find(isOut);

function caseOf({ view }: StateContext, containerId: string, process: ProcessState | undefined): Case {
  const name = containerId === "" ? "the host" : `container ${view.nameOf(containerId)}`;
  const limit = process?.openFilesLimit ?? 0;
  return {
    object: `${name}, ${process === undefined ? "its program" : `process ${process.pid} (${process.name})`}`,
    title: `The network is fine: the program in ${name} has as many files and connections open as it may, so it takes no further connection.`,
    explanation:
      "Each connection counts as an open file. At the limit the program gets an error for each new one; the kernel accepts it all the " +
      "same, and nobody answers.",
    evidence: [
      {
        source: `/proc/${process?.pid ?? "PID"}/fd`,
        value: `${process?.openFiles ?? "?"} open, limit ${limit}`,
        expected: `less than ${limit}`,
      },
    ],
    fix: byHand(
      `Make the container with a higher limit (ctr run --ulimit nofile=${Math.max(limit * 4, 1024)}), and look for connections that the program never closes.`,
    ),
  };
}
