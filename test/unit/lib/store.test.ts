import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
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
