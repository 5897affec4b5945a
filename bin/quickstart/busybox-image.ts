/** A small root file system around the distribution's static busybox: what `ctr import` makes the busybox image of. */
import { readFileSync } from "node:fs";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import { runCommand } from "../../lib/command.ts";

const BUSYBOX = "/bin/busybox";
const DIRECTORIES: Readonly<Record<string, number>> = {
  bin: 0o755,
  dev: 0o755,
  etc: 0o755,
  home: 0o755,
  proc: 0o755,
  root: 0o700,
  sys: 0o755,
  tmp: 0o1777,
  usr: 0o755,
  var: 0o755,
};
const FILES: Readonly<Record<string, string>> = {
  "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n",
  "etc/group": "root:x:0:\nnogroup:x:65534:\n",
};

/** @returns a tar archive; the same input gives the same bytes, so that it is one image however often it is made */
export async function busyboxRootFileSystem(): Promise<Buffer> {
  const mtime = new Date(0);
  const archive = pack();
  for (const [name, mode] of Object.entries(DIRECTORIES)) archive.entry({ name, type: "directory", mode, mtime });
  for (const [name, text] of Object.entries(FILES)) archive.entry({ name, mode: 0o644, mtime }, text);
  archive.entry({ name: "bin/busybox", mode: 0o755, mtime }, readFileSync(BUSYBOX));
  for (const applet of await applets()) {
    archive.entry({ name: `bin/${applet}`, type: "symlink", linkname: "busybox", mtime });
  }
  archive.finalize();
  return buffer(archive);
}

async function applets(): Promise<string[]> {
  const { stdout } = await runCommand([BUSYBOX, "--list"]);
  return stdout.split("\n").filter((name) => name !== "" && name !== "busybox");
}
