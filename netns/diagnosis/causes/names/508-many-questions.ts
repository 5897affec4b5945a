import { runningContainers } from "../../intended.ts";
import type { Cause } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";
import { resolvOf } from "./resolv.ts";

/** From how many questions for one name it is worth a word. */
const MANY = 8;

/** A name with fewer dots than ndots is tried with each search domain first, for IPv4 and IPv6: see resolv.conf(5). */
export const manyQuestions: Cause = {
  code: "CTRN508",
  severity: "note",
  heading: "Each name costs many questions",

  inspect: ({ view }) =>
    runningContainers(view).flatMap(({ container, namespace }) => {
      const { search, options } = resolvOf(namespace);
      const dots = Number(options.find((option) => option.startsWith("ndots:"))?.slice("ndots:".length) ?? 1);
      const questions = 2 * (search.length + 1);
      if (dots < 2 || questions < MANY) return [];
      return found(manyQuestions, undefined, {
        object: `/etc/resolv.conf of container ${container.name}`,
        title: `For a name such as www.example.org the container ${container.name} asks up to ${questions} times, one after the other.`,
        explanation:
          `Names with fewer than ${dots} dots are tried with each of ${search.length} search domains first, for both families of ` +
          "addresses. One lost answer costs 5 seconds, so programs seem to hang now and then.",
        evidence: [
          {
            source: `/etc/resolv.conf (in ${container.name})`,
            value: `ndots:${dots}, ${search.length} search domains`,
            expected: "ndots:1",
          },
        ],
        fix: byHand("Make the container with --dns-option ndots:1, or ask for names with a dot at the end."),
      });
    }),
};
