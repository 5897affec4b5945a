import { runningContainers } from "../../intended.ts";
import type { Cause, NamespaceState } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import type { LookupCause } from "./lookups.ts";

export const namesFromFiles: Cause & LookupCause = {
  code: "CTRN512",
  severity: "error",
  heading: "Programs ask no name server",

  inspect: ({ view }) =>
    runningContainers(view)
      .filter(({ namespace }) => asksNobody(namespace))
      .map(({ container, namespace }) =>
        found(namesFromFiles, undefined, { ...caseOf(container.name, namespace), severity: "warning" }),
      ),

  explainLookup({ view, from, fromName, lookup }) {
    const namespace = view.namespace(from);
    if (namespace === undefined || !asksNobody(namespace) || lookup.by === "hosts") return [];
    return [found(namesFromFiles, undefined, { ...caseOf(fromName, namespace), confidence: "likely" })];
  },
};

/** Sources of names that ask servers: see nsswitch.conf(5), and of systemd nss-resolve(8). */
const ASKING = new Set([
  "dns",
  "resolve",
  "mdns",
  "mdns4",
  "mdns_minimal",
  "mdns4_minimal",
  "wins",
  "sss",
  "nis",
  "ldap",
]);

/** Sources that know names of this machine alone, and say of all others that there are none. */
const LOCAL = new Set(["files", "compat", "myhostname", "mymachines"]);

/** A name that no file has comes to no source that asks: there is none, or the line says to stop before it. */
function asksNobody({ nameSources }: NamespaceState): boolean {
  if (nameSources === undefined) return false;
  const words = nameSources.replace(/^hosts:/, "").match(/\[[^\]]*\]|[^\s[]+/g) ?? [];
  for (const [index, word] of words.entries()) {
    if (ASKING.has(word)) return false;
    if (LOCAL.has(word) && endsAtNothing(words[index + 1])) return true;
  }
  return true;
}

/** `[NOTFOUND=return]`, `[!SUCCESS=return]`, see nsswitch.conf(5). */
const endsAtNothing = (action: string | undefined): boolean =>
  /^\[/.test(action ?? "") &&
  [...(action ?? "").matchAll(/(!?)(\w+)\s*=\s*return/gi)].some(([, not, status = ""]) =>
    not === "!" ? status.toLowerCase() !== "notfound" : status.toLowerCase() === "notfound",
  );

const caseOf = (name: string, { nameSources = "" }: NamespaceState): Case => ({
  object: `/etc/nsswitch.conf of ${name}`,
  title: `Programs in ${name} look names up in files alone: its nsswitch.conf lets them ask no name server.`,
  explanation:
    "The C library of most distributions does what stands there, so that every name outside of /etc/hosts is unknown. Programs with a " +
    "resolver of their own (Go, musl) do not look into that file.",
  evidence: [{ source: `/etc/nsswitch.conf (in ${name})`, value: nameSources, expected: "hosts: files dns" }],
  fix: byHand("Write “hosts: files dns” there, in the image."),
});
