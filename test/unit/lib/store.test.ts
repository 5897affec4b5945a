import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Store } from "../../../lib/store.ts";

const first = "CREATE TABLE ports (port INTEGER PRIMARY KEY) STRICT";
const second = "ALTER TABLE ports ADD COLUMN owner TEXT NOT NULL DEFAULT 'nobody'";

describe("Store", () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "ctr-store-"));
    path = join(directory, "state.db");
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it("runs only the migrations that a file has not seen", () => {
    {
      using store = new Store(path, [{ layer: "netns", steps: [first] }]);
      store.run("INSERT INTO ports VALUES (80)");
    }
    using store = new Store(path, [{ layer: "netns", steps: [first, second] }]);
    assert.deepEqual({ ...store.get<object>("SELECT * FROM ports") }, { port: 80, owner: "nobody" });
  });

  it("refuses a file that a newer ctr wrote", () => {
    new Store(path, [{ layer: "netns", steps: [first, second] }])[Symbol.dispose]();
    assert.throws(() => new Store(path, [{ layer: "netns", steps: [first] }]), { code: "CTR_STORE_TOO_NEW" });
  });

  describe("open for reading", () => {
    const open = (...steps: readonly string[]) => Store.openForReading(path, [{ layer: "netns", steps }]);
    // Where readers stand is in state.db-shm.
    const contents = () => ["state.db", "state.db-wal"].map((name) => readFileSync(join(directory, name), "base64"));

    it("sees what the writer has written, of one moment within a transaction, and writes nothing", () => {
      using writer = new Store(path, [{ layer: "netns", steps: [first] }]);
      writer.run("INSERT INTO ports VALUES (80)");
      const before = contents();
      using reader = open(first);
      const count = () => reader.get<{ count: number }>("SELECT count(*) AS count FROM ports")?.count;
      assert.equal(count(), 1);
      assert.deepEqual(contents(), before);
      reader.transaction(() => {
        assert.equal(count(), 1);
        writer.run("INSERT INTO ports VALUES (81)");
        assert.equal(count(), 1);
      });
      assert.equal(count(), 2);
      assert.throws(() => reader.run("DELETE FROM ports"), /readonly/);
    });

    it("needs no writer, and leaves the file alone", () => {
      new Store(path, [{ layer: "netns", steps: [first] }])[Symbol.dispose]();
      const content = readFileSync(path);
      open(first)[Symbol.dispose]();
      assert.deepEqual(readFileSync(path), content);
      assert.deepEqual(readdirSync(directory), ["state.db"]);
      using writer = new Store(path, [{ layer: "netns", steps: [first] }]);
      assert.equal(writer.run("INSERT INTO ports VALUES (80)"), 1);
    });

    it("says whether the file is missing, older or newer", () => {
      assert.throws(() => open(first), { code: "CTR_STORE_MISSING", kind: "notFound" });
      new Store(path, [{ layer: "netns", steps: [first] }])[Symbol.dispose]();
      assert.throws(() => open(first, second), { code: "CTR_STORE_TOO_OLD" });
      assert.throws(() => open(), { code: "CTR_STORE_TOO_NEW" });
    });

    it("says that a file is none of ours", () => {
      writeFileSync(path, "no database ".repeat(100));
      assert.throws(() => open(first), { code: "CTR_STORE_UNREADABLE" });
    });
  });

  it("says which file it cannot open", () => {
    assert.throws(() => new Store(join(directory, "none", "state.db"), []), /cannot open the state file .*none/);
  });

  it("rolls a failed transaction back, with what was nested in it", () => {
    using store = new Store(path, [{ layer: "netns", steps: [first] }]);
    assert.throws(() =>
      store.transaction(() => {
        store.transaction(() => store.run("INSERT INTO ports VALUES (1)"));
        throw new Error("stop");
      }),
    );
    assert.deepEqual(store.all("SELECT * FROM ports"), []);
    store.transaction(() => store.run("INSERT INTO ports VALUES (2)"));
    assert.equal(store.all("SELECT * FROM ports").length, 1);
  });

  it("tells the reason when SQLite itself has rolled back, and works on", () => {
    using store = new Store(path, [{ layer: "netns", steps: [first] }]);
    store.run("INSERT INTO ports VALUES (80)");
    const clash = () =>
      store.transaction(() => {
        store.run("INSERT INTO ports VALUES (81)");
        store.run("INSERT OR ROLLBACK INTO ports VALUES (80)");
      });
    assert.throws(clash, /UNIQUE constraint failed/);
    store.transaction(() => store.run("INSERT INTO ports VALUES (82)"));
    assert.deepEqual(
      store.all<{ port: number }>("SELECT port FROM ports ORDER BY port").map(({ port }) => port),
      [80, 82],
    );
  });

  it("keeps no transaction open that could not be begun", () => {
    using store = new Store(path, [{ layer: "netns", steps: [first] }]);
    using other = new Store(path, []);
    other.transaction(() => assert.throws(() => store.transaction(() => {}), /database is locked/));
    assert.throws(() =>
      store.transaction(() => {
        store.run("INSERT INTO ports VALUES (80)");
        throw new Error("no");
      }),
    );
    assert.equal(store.get("SELECT * FROM ports"), undefined);
  });

  it("refuses an asynchronous transaction, whose end it could not see", () => {
    using store = new Store(path, [{ layer: "netns", steps: [first] }]);
    assert.throws(() => store.transaction(() => Promise.resolve()), /must be synchronous/);
  });
});
