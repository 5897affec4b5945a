/** Packets that are thrown away: as it happens, and counted so far. */
export { type DropCounter, dropCounters } from "./counters.ts";
export { type Drop, type DropNotice, type DropOptions, followDrops } from "./follow.ts";
