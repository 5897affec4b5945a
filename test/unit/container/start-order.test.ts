import { deepEqual } from "node:assert/strict";
import { needsOf, startInOrder } from "../../../runtime/container/start-order.ts";
import { containerOf, idOf, recordsOf } from "./container-records.ts";

describe("the start of several containers", () => {
  const order = async (needs: Readonly<Record<string, readonly string[]>>): Promise<string[]> => {
    const done: string[] = [];
    const start = async (id: string): Promise<void> => {
      // What begins at once ends in the order of the names, later ones first.
      for (let turn = 0; turn < 10 - id.charCodeAt(0) + "a".charCodeAt(0); turn++) await Promise.resolve();
      done.push(id);
    };
    await startInOrder(Object.keys(needs), (id) => needs[id] ?? [], start);
    return done;
  };

  it("waits for what each needs, and for nothing else", async () => {
    deepEqual(await order({ a: [], b: [], c: [] }), ["c", "b", "a"]);
    deepEqual(await order({ a: [], b: ["a"], c: ["b"] }), ["a", "b", "c"]);
    deepEqual(await order({ a: ["c"], b: [], c: ["elsewhere"] }), ["c", "b", "a"]);
  });

  it("comes to an end with circles", async () => {
    deepEqual((await order({ a: ["b"], b: ["c"], c: ["a"] })).toSorted(), ["a", "b", "c"]);
    deepEqual(await order({ a: ["a"], b: ["c"], c: ["c"] }), ["c", "a", "b"]);
  });

  it("needs those whose network is shared, and those linked to", () => {
    const db = containerOf("db", "d");
    const web = containerOf("web", "a", { links: [{ targetId: db.id, alias: "db" }] });
    const joined = containerOf("joined", "b", { hostConfig: { NetworkMode: `container:${idOf("a")}` } });
    const records = recordsOf(db, web, joined);
    deepEqual(
      [db, web, joined].map((container) => needsOf(records, container)),
      [[], [db.id], [web.id]],
    );
  });
});
