/**
 * Prints the snapshot of the host it runs in: `node snapshot-program.ts DATA-ROOT EXEC-ROOT`. For tests, which have engines
 * in network namespaces of their own.
 */
import { takeSnapshot } from "../../netns/index.ts";
import { readIntent } from "../../runtime/diagnosis/read-intent.ts";
import { readPrograms } from "../../runtime/diagnosis/read-programs.ts";

const [, , dataRoot = "", execRoot = ""] = process.argv;
const { intent, namespacePaths, cgroupParents, notRead } = readIntent({ dataRoot, execRoot });
const read = readPrograms({ intent, execRoot, cgroupParents });
const snapshot = takeSnapshot({
  ...{ intent, namespacePaths, ctrVersion: "test" },
  programs: read.programs,
  notRead: [...notRead, ...read.notRead],
});
process.stdout.write(JSON.stringify(snapshot));
