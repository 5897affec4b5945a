/** What is remembered of containers that run, and what is told of them. */
import { deepEqual, equal } from "node:assert/strict";
import { beginning, type GroupEvent, type Moment } from "../../../cgroups/index.ts";
import { silentLogger } from "../../../lib/log.ts";
import { Store } from "../../../lib/store.ts";
import { ContainerRecords, containerMigrations } from "../../../runtime/container/records.ts";
import { EventBus } from "../../../runtime/events.ts";
import { History } from "../../../runtime/limits/history.ts";
import { announcedWatch, announcementOf } from "../../../runtime/limits/watch-bus.ts";
import { type LimitEvent, LimitEvents } from "../../../runtime/limits/watch-events.ts";
import { Repeats } from "../../../runtime/limits/watch-repeats.ts";

const at = (seconds: number, more: Partial<Moment> = {}): Moment => ({ ...beginning(seconds * 1000), ...more });

describe("the history of a container", () => {
  it("goes back about ten seconds, and keeps no more than that needs", () => {
    const history = new History();
    equal(history.before("web"), undefined);
    for (let second = 0; second <= 60; second++) history.record("web", at(second));
    const { time = 0 } = history.before("web") ?? {};
    equal(time, 50_000);
    equal(history.first("web")?.time, 0);
    history.forget("web");
    deepEqual([history.before("web"), history.first("web")], [undefined, undefined]);
  });

  it("takes the first moment that there is while a container is young", () => {
    const history = new History();
    for (const second of [1, 4, 7]) history.record("web", at(second));
    equal(history.before("web")?.time, 1000);
  });

  it("begins with the signals of the beginning and the work of the first look", () => {
    const history = new History();
    history.begin("web", { oomKills: 0 });
    const stats = { ...beginning(0).stats, cpuUsage: 5e9 };
    history.record("web", at(1, { stats, signals: { oomKills: 2, pidsMax: 3 } }));
    history.record("web", at(9, { signals: { oomKills: 4 } }));
    const first = history.first("web");
    deepEqual([first?.stats.cpuUsage, first?.signals], [5e9, { oomKills: 0 }]);
  });
});

const acted = (time: number, count: number, limit: "memory" | "pids" = "memory") =>
  ({ type: "limit", id: "web", path: "/ctr/web", time, limit, count }) as const;

describe("limits that act again and again", () => {
  it("are told of at once, and then once a minute with their number", () => {
    const repeats = new Repeats();
    equal(repeats.take(acted(0, 2))?.count, 2);
    equal(repeats.take(acted(5000, 3)), undefined);
    equal(repeats.take(acted(6000, 1, "pids"))?.count, 1);
    equal(repeats.take(acted(59_999, 4)), undefined);
    equal(repeats.take(acted(60_000, 1))?.count, 8);
    repeats.forget("web");
    equal(repeats.take(acted(60_001, 1))?.count, 1);
  });
});

describe("events of limits", () => {
  const event = (more: GroupEvent): LimitEvent => ({ ...more, name: "web" }) as LimitEvent;
  const head = { id: "web", path: "/ctr/web", time: 0 };

  it("are kept, the last thousand", () => {
    const events = new LimitEvents();
    const heard: number[] = [];
    const subscription = events.subscribe(({ time }) => heard.push(time));
    for (let time = 0; time < 1010; time++) events.push(event(acted(time, 1)));
    subscription[Symbol.dispose]();
    events.push(event(acted(2000, 1)));
    deepEqual([events.past.length, events.past[0]?.time, events.past.at(-1)?.time], [1000, 11, 2000]);
    deepEqual([heard.length, events.isFollowed], [1010, false]);
  });

  it("go on the engine's bus without its being one who follows: that would make it look five times as often", () => {
    using store = new Store(":memory:", [containerMigrations]);
    const parts = { records: new ContainerRecords(store), events: new EventBus(), logger: silentLogger };
    using watch = announcedWatch(parts);
    equal(watch.events.isFollowed, false);
    using _follower = watch.events.subscribe(() => {});
    equal(watch.events.isFollowed, true);
  });

  it("appear in Docker's event stream", () => {
    deepEqual(announcementOf(event({ ...head, type: "oom", kills: 1, victims: [] })), {
      action: "oom",
      attributes: {},
    });
    deepEqual(announcementOf(event(acted(0, 7, "pids"))), {
      action: "limit",
      attributes: { limit: "pids", count: "7" },
    });
    const share = { ...head, state: "above", share: 0.456, threshold: 0.25 } as const;
    deepEqual(announcementOf(event({ ...share, type: "throttled" })).attributes, { state: "above", share: "46%" });
    deepEqual(announcementOf(event({ ...share, type: "pressure", resource: "io", kind: "some" })), {
      action: "pressure",
      attributes: { resource: "io", state: "above", share: "46%" },
    });
  });
});
