import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../../lib/log.ts";
import { Store } from "../../../lib/store.ts";
import { EventBus } from "../../../runtime/events.ts";
import { checkVolumeName, VolumeService, volumeMigrations } from "../../../runtime/volume/index.ts";

describe("the name of a volume", () => {
  for (const name of ["data", "a1", "A_b.c-d"]) it(`may be ${name}`, () => checkVolumeName(name));
  for (const name of ["", ".data", "a/b", "-x", "a b"]) {
    it(`is not «${name}»`, () => throws(() => checkVolumeName(name), /includes invalid characters for a local volume/));
  }
  it("has two characters", () => throws(() => checkVolumeName("a"), /volume name is too short/));
});

describe("volumes", () => {
  let dataRoot: string;
  let store: Store;
  let events: EventBus;
  let volumes: VolumeService;
  const open = () => VolumeService.open({ store, dataRoot, events, logger: silentLogger });
  beforeEach(async () => {
    dataRoot = mkdtempSync(join(tmpdir(), "ctr-volumes-"));
    store = new Store(":memory:", [volumeMigrations]);
    events = new EventBus();
    volumes = await open();
  });
  afterEach(() => {
    store[Symbol.dispose]();
    rmSync(dataRoot, { recursive: true, force: true });
  });
  const told = (): string[] => events.past.map(({ Action, Actor }) => `${Action} ${Actor.ID}`);

  it("are made once, and found by the next engine", async () => {
    const { volume, created } = volumes.ensure({ name: "data", labels: { a: "b" } });
    equal(created, true);
    equal(volume.source, join(dataRoot, "volumes/data/_data"));
    equal(existsSync(volume.source), true);
    deepEqual(volumes.ensure({ name: "data", labels: { other: "" } }), { volume, created: false });
    deepEqual((await open()).list(), [volume]);
    deepEqual(told(), ["create data"]);
  });

  it("without a name are labelled so", () => {
    const { volume } = volumes.ensure({});
    equal(volume.name.length, 64);
    deepEqual(volume.labels, { "com.docker.volume.anonymous": "" });
  });

  it("go with their files, unless a container has them or is about to", async () => {
    const { volume } = volumes.ensure({ name: "data" });
    writeFileSync(join(volume.source, "file"), "content");
    volumes.attach((name) => (name === "data" ? ["c1"] : []));
    await rejects(volumes.remove("data"), { message: "remove data: volume is in use - [c1]", status: 409 });
    volumes.attach(() => []);
    const hold = volumes.hold("data");
    await rejects(volumes.remove("data"), { status: 409 });
    hold[Symbol.dispose]();
    await volumes.remove("data");
    deepEqual(readdirSync(join(dataRoot, "volumes")), []);
    await rejects(volumes.remove("data"), { message: "get data: no such volume", status: 404 });
    deepEqual(told(), ["create data", "destroy data"]);
  });

  it("may be made again at once, and keep what is new", async () => {
    const former = volumes.ensure({ name: "data" }).volume;
    writeFileSync(join(former.source, "old"), "");
    const removal = volumes.remove("data");
    const { source } = volumes.ensure({ name: "data" }).volume;
    writeFileSync(join(source, "new"), "");
    await removal;
    deepEqual([readdirSync(source), readdirSync(join(dataRoot, "volumes"))], [["new"], ["data"]]);
  });

  it("are pruned where nobody has them, and the bytes are counted", async () => {
    for (const name of ["used", "free"]) {
      writeFileSync(join(volumes.ensure({ name }).volume.source, "file"), "12345");
    }
    volumes.attach((name) => (name === "used" ? ["c1"] : []));
    deepEqual(await volumes.prune(volumes.list()), { names: ["free"], bytes: 5 });
    deepEqual(
      volumes.list().map(({ name }) => name),
      ["used"],
    );
  });

  it("that a crash cut short are taken away", async () => {
    mkdirSync(join(dataRoot, "volumes/half/_data"), { recursive: true });
    await open();
    deepEqual(readdirSync(join(dataRoot, "volumes")), []);
  });

  it("may be a directory of the host, which stays", async () => {
    const device = join(dataRoot, "own");
    mkdirSync(device);
    const options = { type: "none", o: "bind", device };
    const { volume } = volumes.ensure({ name: "host", options });
    equal(volume.source, device);
    await volumes.remove("host");
    equal(existsSync(device), true);
  });

  it("are refused with other drivers and options", () => {
    throws(() => volumes.ensure({ name: "data", driver: "nosuch" }), {
      message: 'create data: error looking up volume plugin nosuch: plugin "nosuch" not found',
      status: 404,
    });
    const make = (options: Record<string, string>) => () => volumes.ensure({ name: "data", options });
    throws(make({ size: "1" }), { message: 'create data: invalid option: "size"', status: 400 });
    throws(make({ type: "none", o: "bind" }), { message: "create data: missing device in volume options" });
    throws(make({ type: "tmpfs", device: "tmpfs" }), { status: 501 });
    deepEqual(volumes.list(), []);
  });
});
