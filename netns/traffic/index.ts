/** What goes over the cables of containers: how much it is, and limits on how fast. */
export { atOtherEnd, type LinkCounters, readCounters } from "./counters.ts";
export { strayIntermediates } from "./intermediate-link.ts";
export { removeStrayShapes, shape, unshape } from "./shape.ts";
