import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { messageOf } from "../../../lib/errors.ts";
import { formatBinarySize } from "../../../lib/units/size.ts";
import type { Snapshot } from "../../../netns/index.ts";
import { text, toggle } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { DiagnosisExit } from "../diagnosis/exit-codes.ts";
import { askFor } from "../diagnosis/session.ts";
import { CliError } from "../errors.ts";

export const command = defineCommand({
  summary: "Write everything that the diagnosis reads into one file, to be looked at elsewhere",
  usage: "[OPTIONS]",
  operands: [0, 0],
  alsoKnownAs: ["net bundle", "network bundle"],
  usageExitCode: DiagnosisExit.usage,
  options: {
    "no-redact": toggle({ help: "Leave public addresses and names as they are" }),
    output: text({ short: "o", value: "file", help: "File; - for standard output (default ctr-net-TIME.json.gz)" }),
  },
  examples: [
    "ctr net bundle                            # names and public addresses are replaced",
    "ctr net bundle --no-redact -o - | jq .kernel",
    "ctr net doctor --from ctr-net-20260102.json.gz   # on any machine, without root",
  ],
  async run({ values }, { client }) {
    const plain = values["no-redact"];
    const { report } = await askFor<Snapshot>(client, { kind: "bundle", ...(plain ? { plain } : {}) }, {});
    const path = values.output ?? defaultName(report.takenAt);
    const content = `${JSON.stringify(report)}\n`;
    if (path === "-") {
      process.stdout.write(content);
      return;
    }
    const bytes = path.endsWith(".gz") ? gzipSync(content) : Buffer.from(content);
    try {
      // For the owner alone: it tells of everything that the host has.
      writeFileSync(path, bytes, { mode: 0o600 });
    } catch (error) {
      throw new CliError(`cannot write ${path}: ${messageOf(error)}`, DiagnosisExit.environment);
    }
    const redacted = plain ? "with public addresses and names" : "public addresses and names of others are replaced";
    process.stdout.write(`${path}   ${formatBinarySize(bytes.length)}, ${redacted}\n`);
    process.stdout.write(`Look at it with: ctr net doctor --from ${path}\n`);
  },
});

/** `ctr-net-20260102-0304.json.gz`. */
function defaultName(takenAt: string): string {
  const digits = takenAt.replace(/\D/g, "");
  return `ctr-net-${digits.slice(0, 8)}-${digits.slice(8, 12)}.json.gz`;
}
