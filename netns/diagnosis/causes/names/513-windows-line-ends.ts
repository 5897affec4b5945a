import { runningContainers } from "../../intended.ts";
import type { Cause, NamespaceState } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import type { LookupCause } from "./lookups.ts";

export const windowsLineEnds: Cause & LookupCause = {
  code: "CTRN513",
  severity: "error",
  heading: "The file of name servers has line ends of Windows",

  inspect: ({ view }) =>
    runningContainers(view)
      .filter(({ namespace }) => isMisread(namespace))
      .map(({ container, namespace }) =>
        found(windowsLineEnds, undefined, { ...caseOf(container.name, namespace), severity: "warning" }),
      ),

  explainLookup({ view, from, fromName, lookup }) {
    const namespace = view.namespace(from);
    if (namespace === undefined || !isMisread(namespace) || lookup.by === "hosts") return [];
    return [found(windowsLineEnds, undefined, { ...caseOf(fromName, namespace), confidence: "likely" })];
  },
};

/** The GNU C library takes the carriage return for a part of the address, which is none then: none is left. */
function isMisread({ resolvConf = "" }: NamespaceState): boolean {
  const servers = resolvConf.split("\n").filter((line) => /^nameserver\s/.test(line));
  return servers.length > 0 && servers.every((line) => line.endsWith("\r"));
}

const caseOf = (name: string, { resolvConf = "" }: NamespaceState): Case => ({
  object: `/etc/resolv.conf of ${name}`,
  title: `The lines of /etc/resolv.conf in ${name} end as those of Windows do, so most programs read no name server there.`,
  explanation:
    "The C library of most distributions takes the invisible character at the end for a part of the address, leaves the line out, and " +
    "asks 127.0.0.1. Others (musl, Go) read it as it is meant.",
  evidence: [
    {
      source: `/etc/resolv.conf (in ${name})`,
      value: JSON.stringify(resolvConf.split("\n").find((line) => line.endsWith("\r")) ?? ""),
      expected: "no \\r at the end",
    },
  ],
  fix: byHand("Write the file with plain line ends (dos2unix)."),
});
