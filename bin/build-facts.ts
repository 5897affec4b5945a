/** What this build is: the bundler puts the facts in; sources read them where they stand. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface BuildFacts {
  readonly version: string;
  readonly gitCommit: string;
  /** RFC 3339; empty when it runs from its sources. */
  readonly buildTime: string;
}

declare const CTR_BUILD: BuildFacts;

export function buildFacts(): BuildFacts {
  if (typeof CTR_BUILD !== "undefined") return CTR_BUILD;
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8")) as {
    version: string;
  };
  return { version, gitCommit: "from sources", buildTime: "" };
}
