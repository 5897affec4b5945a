import { deepEqual, equal, throws } from "node:assert/strict";
import { Store } from "../../../lib/store.ts";
import { NEVER } from "../../../runtime/container/describe.ts";
import { ContainerRecords, containerMigrations } from "../../../runtime/container/records.ts";
import type { Container } from "../../../runtime/types.ts";

const ID_A = `aa11${"0".repeat(60)}`;
const ID_B = `aa22${"0".repeat(60)}`;

const containerOf = (id: string, name: string): Container => ({
  ...{ id, name, imageId: "sha256:0", imageName: "busybox", config: {}, hostConfig: {}, path: "sh", args: [] },
  ...{ created: NEVER, status: "created", pid: 0, exitCode: 0, error: "", oomKilled: false, restartCount: 0 },
  ...{ startedAt: NEVER, finishedAt: NEVER, ports: [], logPath: "" },
});
const recordOf = (id: string, name: string) => ({
  container: containerOf(id, name),
  stoppedByUser: false,
  restartDelay: 0,
});

describe("the records of containers", () => {
  let store: Store;
  let records: ContainerRecords;

  beforeEach(() => {
    store = new Store(":memory:", [containerMigrations]);
    records = new ContainerRecords(store);
    records.insert(recordOf(ID_A, "web"), () => {});
    records.insert(recordOf(ID_B, "db"), () => {});
  });

  afterEach(() => store[Symbol.dispose]());

  const found = (reference: string) => records.find(reference).container.id;

  it("are found by id, name, name with a slash, and prefix", () => {
    for (const reference of [ID_A, "web", "/web", "aa1"]) equal(found(reference), ID_A);
  });

  it("are not found with Docker's texts", () => {
    throws(() => found("nope"), { message: "No such container: nope", status: 404 });
    throws(() => found(""), { status: 404 });
    throws(() => found("aa"), { message: "Multiple IDs found with provided prefix: aa", status: 400 });
    throws(() => found("f".repeat(64)), { status: 404 });
  });

  it("prefer a name to a prefix", () => {
    records.insert(recordOf(`bb${"0".repeat(62)}`, "aa1"), () => {});
    equal(found("aa1"), `bb${"0".repeat(62)}`);
  });

  it("are listed newest first", () => {
    deepEqual(
      records.all().map(({ container }) => container.name),
      ["db", "web"],
    );
  });

  it("are read back from the store, changes included", () => {
    records.update(ID_A, { status: "exited", exitCode: 3 }, { stoppedByUser: true });
    const again = new ContainerRecords(store);
    deepEqual(again.all(), records.all());
    equal(again.find("web").container.exitCode, 3);
    equal(again.find("web").stoppedByUser, true);
  });

  it("refuse a name that is taken, with Docker's text, and nothing changes", () => {
    const text = `Conflict. The container name "/web" is already in use by container "${ID_A}". You have to remove (or rename) that container to be able to reuse that name.`;
    throws(() => records.insert(recordOf("c".repeat(64), "web"), () => {}), { message: text, status: 409 });
    throws(() => records.update(ID_B, { name: "web" }), { message: text });
    equal(records.find("db").container.name, "db");
    equal(records.all().length, 2);
  });

  it("make up no name that another container is about to get", () => {
    {
      using _promised = records.promiseName("calm_otter");
      deepEqual([records.hasName("calm_otter"), records.hasName("calm_owl")], [true, false]);
      records.insert(recordOf("c".repeat(64), "calm_otter"), () => {});
    }
    equal(records.hasName("calm_otter"), true);
    records.promiseName("calm_owl")[Symbol.dispose]();
    equal(records.hasName("calm_owl"), false);
  });

  it("are added together with what else belongs to it, or not at all", () => {
    const fail = () => {
      throw new Error("no address left");
    };
    throws(() => records.insert(recordOf("c".repeat(64), "third"), fail), /no address left/);
    equal(records.hasName("third"), false);
    equal(new ContainerRecords(store).all().length, 2);
  });

  it("free the old name when renamed, and both when deleted", () => {
    records.update(ID_A, { name: "www" });
    equal(found("www"), ID_A);
    throws(() => found("web"), { status: 404 });
    records.delete(ID_A);
    equal(records.hasName("www"), false);
    equal(new ContainerRecords(store).all().length, 1);
  });
});
