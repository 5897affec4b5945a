/** A change to the state of a healthy host, and the parts that several are made of. */
import type { Damaged } from "../damaged.ts";

export type Change = (host: Damaged) => void;

/** The cause that has to be found in it, and no other one. */
export type Damage = readonly [code: string, what: string, change: Change];

export const chain = (table: string, name: string, hook: string, policy: string) => ({
  chain: { family: "inet", table, name, handle: 1, type: "filter", hook, prio: 10, policy },
});
export const rule = (table: string, name: string, ...expr: readonly object[]) => ({
  rule: { family: "inet", table, chain: name, handle: 7, expr },
});
export const route = (destination: string, more: object = {}) => ({
  ...{ family: 4 as const, table: 254, type: "unicast" as const, destination, gateway: undefined, device: undefined },
  ...{ preferredSource: undefined, metric: 0, mtu: undefined, flags: [], nexthops: [] },
  ...more,
});
