/** What a volume begins with. */
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
import { finishPopulating, isEmptyVolume, populateVolume } from "../../../runtime/volume/populate.ts";
import { Box } from "../oci/box.ts";

describe("a new volume", () => {
  let box: Box;
  let count = 0;
  before(async () => {
    box = await Box.start();
  });
  after(() => box[Symbol.asyncDispose]());

  const empty = (): string => {
    const directory = join(box.directory, `volume-${count++}`, "_data");
    mkdirSync(directory, { recursive: true });
    return directory;
  };
  const populated = async (destination: string): Promise<string> => {
    const directory = empty();
    await populateVolume(directory, box.rootfs, destination);
    return directory;
  };

  it("begins with the image's content, owner and mode, which the container changes without the image", async () => {
    const data = join(box.rootfs, "var/data");
    mkdirSync(join(data, "sub"), { recursive: true });
    writeFileSync(join(data, "sub/file"), "content");
    symlinkSync("sub/file", join(data, "link"));
    chownSync(data, 33, 34);
    chmodSync(data, 0o2750);
    const volumes = [{ source: await populated("/var/data"), destination: "/var/data", readOnly: false }];
    const script = "stat -c '%u:%g %a' /var/data; cat /var/data/link; echo changed >/var/data/sub/file";
    equal(await box.output(script, { volumes }), "33:34 2750\ncontent");
    equal(readFileSync(join(data, "sub/file"), "utf8"), "content");
    equal(await box.output("cat /var/data/sub/file", { volumes }), "changed");
  });

  it("is empty where the image has nothing", async () => {
    equal(isEmptyVolume(await populated("/new")), true);
    equal(isEmptyVolume(await populated("/etc")), false);
  });

  it("follows links inside the image and never out of it", async () => {
    const secret = join(box.directory, "secret");
    mkdirSync(secret);
    writeFileSync(join(secret, "key"), "");
    symlinkSync("/etc", join(box.rootfs, "conf"));
    symlinkSync(secret, join(box.rootfs, "leak"));
    symlinkSync("../../../../../..", join(box.rootfs, "up"));
    equal(existsSync(join(await populated("/conf"), "passwd")), true);
    deepEqual(readdirSync(await populated("/leak")), []);
    deepEqual(readdirSync(await populated(`/up/${secret}`)), []);
  });

  it("is whole also after a crash in the middle", async () => {
    const directory = empty();
    mkdirSync(`${directory}.partial`);
    writeFileSync(join(`${directory}.partial`, "half"), "");
    await populateVolume(directory, box.rootfs, "/etc");
    equal(existsSync(join(directory, "half")), false);
    equal(statSync(join(directory, "passwd")).isFile(), true);
    equal(existsSync(`${directory}.partial`), false);
  });

  it("is whole also after a crash while its content was brought in", async () => {
    const directory = empty();
    const ready = `${directory}.ready`;
    mkdirSync(ready);
    chmodSync(ready, 0o750);
    for (const place of [directory, ready]) writeFileSync(join(place, "both"), place);
    writeFileSync(join(ready, "second"), "");
    await finishPopulating(directory);
    deepEqual(readdirSync(directory).sort(), ["both", "second"]);
    equal(readFileSync(join(directory, "both"), "utf8"), directory, "what is there stays");
    deepEqual([statSync(directory).mode & 0o777, existsSync(ready)], [0o750, false]);
  });

  it("is refused over a file", async () => {
    await rejects(populated("/etc/passwd"), /^CtrError: cannot mount volume over existing file, file exists .*passwd$/);
  });
});
