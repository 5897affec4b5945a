/** Volumes without a name: made of what the image has, and kept. */
import { deepEqual, equal, rejects } from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { imageVolumes, prepareVolumes } from "../../../runtime/oci/index.ts";
import { Box } from "./box.ts";

describe("volumes of an image", () => {
  let box: Box;
  before(async () => {
    box = await Box.start();
  });
  after(() => box[Symbol.asyncDispose]());

  const volume = (destination: string) => ({ type: "volume", destination, readOnly: false }) as const;
  const prepare = (directory: string, ...destinations: readonly string[]) =>
    prepareVolumes(destinations.map(volume), box.rootfs, join(box.directory, directory));

  it("begin with the image's content, owner and mode, and keep what the container writes", async () => {
    const data = join(box.rootfs, "var/data");
    mkdirSync(join(data, "sub"), { recursive: true });
    writeFileSync(join(data, "sub/file"), "content");
    symlinkSync("sub/file", join(data, "link"));
    chownSync(data, 33, 34);
    chmodSync(data, 0o2750);
    const config = { Volumes: { "/var/data": {}, "/new": {} } };
    const directory = join(box.directory, "kept");
    const first = await prepareVolumes(imageVolumes(config, {}), box.rootfs, directory);
    const script =
      "stat -c '%u:%g %a' /var/data; cat /var/data/link; echo; ls /new; echo changed >/var/data/sub/file; touch /new/x";
    equal(await box.output(script, { volumes: first }), "33:34 2750\ncontent");
    equal(readFileSync(join(data, "sub/file"), "utf8"), "content");

    const again = await prepareVolumes(imageVolumes(config, {}), box.rootfs, directory);
    deepEqual(again, first);
    equal(await box.output("cat /var/data/sub/file; ls /new", { volumes: again }), "changed\nx");
    deepEqual(readdirSync(directory).length, 2);
  });

  it("follow links inside the image and never out of it", async () => {
    const secret = join(box.directory, "secret");
    mkdirSync(secret);
    writeFileSync(join(secret, "key"), "");
    symlinkSync("/etc", join(box.rootfs, "conf"));
    symlinkSync(secret, join(box.rootfs, "leak"));
    symlinkSync("../../../../../..", join(box.rootfs, "up"));
    const [conf, leak, up] = await prepare("links", "/conf", "/leak", `/up/${secret}`);
    equal(existsSync(join(conf?.source ?? "", "passwd")), true);
    deepEqual(readdirSync(leak?.source ?? ""), []);
    deepEqual(readdirSync(up?.source ?? ""), []);
  });

  it("are finished whole after a crash in the middle", async () => {
    const [{ source = "" } = {}] = await prepare("crash", "/etc");
    const partial = join(box.directory, "crash2", `${source.split("/").at(-1)}.partial`);
    mkdirSync(partial, { recursive: true });
    writeFileSync(join(partial, "half"), "");
    const [again] = await prepare("crash2", "/etc");
    equal(existsSync(join(again?.source ?? "", "half")), false);
    equal(statSync(join(again?.source ?? "", "passwd")).isFile(), true);
  });

  it("are refused over a file", async () => {
    await rejects(
      prepare("file", "/etc/passwd"),
      /^CtrError: cannot mount volume over existing file, file exists .*passwd$/,
    );
  });
});
