/** Flags that the commands which diagnose have in common. */

import { parseDuration } from "../../../lib/units/duration.ts";
import { single, text, toggle } from "../../flags/options.ts";

export const JSON_OPTIONS = {
  json: toggle({ help: "The whole report as one JSON document" }),
  ndjson: toggle({ help: "Every step as a JSON line, as it happens; the last one holds the report" }),
};

export const OUTSIDE_OPTION = text({
  value: "address[:port]",
  help: "What outside stands for (default: a name server of the host, port 53)",
});

export const BUNDLE_OPTION = text({ value: "file", help: "Look at a bundle in place of this machine" });

export const FIX_OPTION = toggle({ help: "Mend what is ctr's, and look again; what is not is left alone" });

export const EXPECT_OPTION = single({
  value: "string",
  help: "What has to be: reachable (default) or unreachable; the exit code tells",
  parse: parseExpectation,
});

export type Expected = "reachable" | "unreachable";

function parseExpectation(word: string): Expected {
  if (word !== "reachable" && word !== "unreachable") throw new Error("must be reachable or unreachable");
  return word;
}

/** Seconds. */
export const secondsOption = (help: string) =>
  single({ value: "duration", help, parse: (word) => parseDuration(word) / 1000 });
