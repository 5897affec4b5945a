import { deepEqual, equal, throws } from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { array, assert, constantFrom, property, string } from "fast-check";
import { CtrError } from "../../../lib/errors.ts";
import { checkBindSources, prepareBindSources, sourceMount } from "../../../runtime/oci/bind-sources.ts";
import { tmpfsOptions } from "../../../runtime/oci/tmpfs.ts";
import { parseBind, parseMount, userMounts, volumeWishes } from "../../../runtime/oci/user-mounts.ts";
import type { ApiMount, HostConfig } from "../../../runtime/types.ts";

const BIND = { type: "bind", source: "/a", destination: "/b", readOnly: false, propagation: "rprivate" };

const VOLUME = {
  type: "volume",
  name: undefined,
  destination: "",
  readOnly: false,
  mode: "z",
  noCopy: false,
} as const;

describe("a value of -v", () => {
  for (const [text, expected] of [
    ["/a:/b", {}],
    ["/a:/b:rw", {}],
    ["/a:/b:", {}],
    ["/a/./x/../:/b//", {}],
    ["/a:/b:ro", { readOnly: true }],
    ["/a:/b:ro,z,rslave,cached", { readOnly: true, propagation: "rslave" }],
    ["/a:/b:shared", { propagation: "shared" }],
  ] as const) {
    it(`"${text}" is a bind mount`, () => {
      deepEqual(parseBind(text), { ...BIND, ...expected, createSource: true });
    });
  }

  it("is a volume without a name when it is a destination alone", () => {
    deepEqual(parseBind("/data/"), { ...VOLUME, destination: "/data" });
  });

  for (const [text, message] of [
    ["", "invalid volume specification: ''"],
    [":/b", "invalid volume specification: ':/b'"],
    ["/a:/b:ro:x", "invalid volume specification: '/a:/b:ro:x'"],
    ["/a:ro", "invalid volume specification: '/a:ro'"],
    ["/a:", "invalid volume specification: '/a:'"],
    ["/a:/b:zz", "invalid mode: zz"],
    ["/a:/b:ro,rw", "invalid mode: ro,rw"],
    ["/a:/b:shared,slave", "invalid mode: shared,slave"],
    [
      "/tmp:inside",
      "invalid volume specification: '/tmp:inside': invalid mount config for type \"bind\": invalid mount path: 'inside' mount path must be absolute",
    ],
    [
      "/tmp:/x/..",
      "invalid volume specification: '/tmp:/x/..': invalid mount config for type \"bind\": invalid specification: destination can't be '/'",
    ],
  ] as const) {
    it(`"${text}" is refused in Docker's words`, () => {
      throws(() => parseBind(text), { message, status: 400 });
    });
  }

  it("with a name is a volume", () => {
    deepEqual(parseBind("data:/b"), { ...VOLUME, name: "data", destination: "/b" });
    deepEqual(parseBind("data:/b:ro,nocopy"), {
      ...VOLUME,
      name: "data",
      destination: "/b",
      readOnly: true,
      mode: "ro,nocopy",
      noCopy: true,
    });
  });

  it("is parsed, or refused with an error of ours, whatever it is", () => {
    const part = constantFrom("/a", "/b/", "/", "x", "", ":", ",", "ro", "z", "rshared", "..", "\\");
    assert(
      property(array(part, { maxLength: 8 }), string(), (parts, tail) => {
        try {
          const mount = parseBind(parts.join("") + tail);
          equal(mount.destination.startsWith("/") && mount.destination !== "/", true);
        } catch (error) {
          equal(error instanceof CtrError, true);
        }
      }),
    );
  });
});

describe("an entry of Mounts", () => {
  const mount = (fields: object): ApiMount => ({ Type: "bind", Source: "/a", Target: "/b", ...fields });

  it("is a bind mount whose source must be there", () => {
    deepEqual(parseMount(mount({})), { ...BIND, createSource: false });
    deepEqual(parseMount(mount({ ReadOnly: true, BindOptions: { Propagation: "slave", CreateMountpoint: true } })), {
      ...BIND,
      ...{ readOnly: true, propagation: "slave", createSource: true },
    });
  });

  it("is a tmpfs", () => {
    const TmpfsOptions = { SizeBytes: 65536, Mode: 0o1770 };
    deepEqual(parseMount({ Type: "tmpfs", Target: "/t", ReadOnly: true, TmpfsOptions }), {
      type: "tmpfs",
      destination: "/t",
      options: ["noexec", "nosuid", "nodev", "rprivate", "ro", "mode=1770", "size=65536"],
    });
  });

  it("is a volume without a name", () => {
    deepEqual(parseMount({ Type: "volume", Target: "/v" }), { ...VOLUME, destination: "/v" });
  });

  for (const [fields, reason] of [
    [{ Target: "" }, "field Target must not be empty"],
    [{ Source: "" }, "field Source must not be empty"],
    [{ Source: "a" }, "invalid mount path: 'a' mount path must be absolute"],
    [{ Target: "b" }, "invalid mount path: 'b' mount path must be absolute"],
    [{ Target: "//" }, "invalid specification: destination can't be '/'"],
    [{ BindOptions: { Propagation: "far" } }, "invalid propagation mode: far"],
  ] as const) {
    it(`is refused: ${reason}`, () => {
      throws(() => parseMount(mount(fields)), { message: `invalid mount config for type "bind": ${reason}` });
    });
  }

  it("is refused when it is of another type, or has a source that it cannot have", () => {
    throws(() => parseMount(mount({ Type: "npipe" })), /type "npipe": mount type unknown/);
    throws(() => parseMount(mount({ Type: "tmpfs" })), /type "tmpfs": field Source must not be specified/);
    throws(() => parseMount(mount({ Type: "volume", VolumeOptions: { Subpath: "sub" } })), /a part of a volume/);
  });
});

describe("all mounts of a container", () => {
  for (const [title, hostConfig, destination] of [
    ["two values of -v", { Binds: ["/a:/x", "/b:/x/"] }, "/x"],
    ["-v and --mount", { Binds: ["/a:/x"], Mounts: [{ Type: "bind", Source: "/", Target: "/x" }] }, "/x"],
    ["-v and --tmpfs", { Binds: ["/a:/x"], Tmpfs: { "/x": "" } }, "/x"],
  ] as const) {
    it(`have a destination once: ${title}`, () => {
      throws(() => userMounts(hostConfig as HostConfig), { message: `Duplicate mount point: ${destination}` });
    });
  }

  it("refuse a --tmpfs at the root, at a relative path, or with unknown options", () => {
    const tmpfs = (path: string, options = "") => userMounts({ Tmpfs: { [path]: options } });
    throws(() => tmpfs("/"), { message: "invalid specification: destination can't be '/'" });
    throws(() => tmpfs("x"), { message: "invalid mount path: 'x' mount path must be absolute" });
    throws(() => tmpfs("/x", "foo"), { message: 'invalid tmpfs option "foo"' });
  });

  it("include the image's volumes where nothing else is mounted", () => {
    const Volumes = { "/data": {}, "/logs/": {}, "/cache": {} };
    deepEqual(
      volumeWishes({ Volumes }, { Binds: ["/h:/data", "/own"], Tmpfs: { "/cache": "" } }).map(
        ({ destination }) => destination,
      ),
      ["/logs", "/own"],
    );
    deepEqual(volumeWishes({}, {}), []);
  });
});

describe("tmpfs options", () => {
  it("are Docker's defaults, changed by the last of their kind", () => {
    const defaults = ["noexec", "nosuid", "nodev", "rprivate"];
    deepEqual(tmpfsOptions(""), defaults);
    deepEqual(tmpfsOptions("defaults,size=1m,mode=700"), [...defaults, "size=1m", "mode=700"]);
    deepEqual(tmpfsOptions("exec,size=1m,size=2m,rw"), ["nosuid", "nodev", "rprivate", "exec", "size=2m", "rw"]);
  });
});

describe("the source of a bind mount", () => {
  const directory = mkdtempSync(join(tmpdir(), "ctr-oci-"));
  after(() => rmSync(directory, { recursive: true }));
  const missing = (name: string): string => join(directory, name, "deep");
  const mounts = (source: string) => userMounts({ Mounts: [{ Type: "bind", Source: source, Target: "/x" }] });

  it("becomes a directory for -v, and only when the container starts", () => {
    const asked = userMounts({ Binds: [`${missing("v")}:/x`] });
    checkBindSources(asked);
    equal(statSync(missing("v"), { throwIfNoEntry: false }), undefined);
    prepareBindSources(asked);
    equal(statSync(missing("v")).isDirectory(), true);
    prepareBindSources(asked);
  });

  it("may be a file", () => {
    writeFileSync(join(directory, "file"), "");
    prepareBindSources(userMounts({ Binds: [`${join(directory, "file")}:/x`] }));
    equal(statSync(join(directory, "file")).isFile(), true);
  });

  it("must be there for --mount", () => {
    const message = `invalid mount config for type "bind": bind source path does not exist: ${missing("m")}`;
    throws(() => checkBindSources(mounts(missing("m"))), { message, status: 400 });
    throws(() => prepareBindSources(mounts(missing("m"))), { message });
    equal(statSync(missing("m"), { throwIfNoEntry: false }), undefined);
    mkdirSync(missing("m"), { recursive: true });
    checkBindSources(mounts(missing("m")));
  });

  it("is on the mount with the longest path, of several at one place the last", () => {
    const info = [
      "1 0 8:1 / / rw - ext4 /dev/sda rw",
      "2 1 0:1 / /srv rw shared:1 - tmpfs t rw",
      "3 1 0:2 / /srv rw master:2 propagate_from:3 - tmpfs t rw",
      "4 1 0:3 / /srvother rw - tmpfs t rw",
    ].join("\n");
    deepEqual(sourceMount("/srv/x", info), { target: "/srv", fields: ["master:2", "propagate_from:3"] });
    deepEqual(sourceMount("/srvo", info), { target: "/", fields: [] });
  });
});
