/** Run by disasters.test.ts as a process of its own: loads an archive into a data root, and tells how that went. */
import { createReadStream } from "node:fs";
import { messageOf } from "../../../lib/errors.ts";
import { ImageFixture } from "./fixture.ts";

const [, , dataRoot = "", archive = ""] = process.argv;
const fixture = await ImageFixture.open(dataRoot);
const progress = (): void => void process.stdout.write("progress\n");
try {
  await fixture.images.load(createReadStream(archive), { progress });
  process.stdout.write(`${JSON.stringify({ loaded: fixture.images.list().length })}\n`);
} catch (error) {
  const hint = error instanceof Error && "hint" in error ? error.hint : undefined;
  const state = {
    images: fixture.images.list().length,
    layers: fixture.layerDirectories(),
    files: fixture.temporaryFiles(),
  };
  process.stdout.write(`${JSON.stringify({ message: messageOf(error), hint, ...state })}\n`);
}
await fixture.close();
