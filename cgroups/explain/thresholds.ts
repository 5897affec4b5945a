/** From where on a figure is worth a verdict. A healthy container stays below all of them. */

/** Part of the periods in which the quota was used up. */
export const MUCH_THROTTLED = 0.1;
/** Seconds that threads wait for the next period, of each second: less is lost at the end of a period, and no matter. */
export const MUCH_THROTTLED_TIME = 0.03;
/** Part of the time that something waited for CPU or I/O: short waits are usual for both. */
export const MUCH_PRESSURE = 0.25;
/** The same for memory, where waiting is never usual. */
export const SOME_PRESSURE = 0.05;
/** Use against limit. */
export const NEAR_LIMIT = 0.9;
/** Use of the CPUs that may be used. */
export const BUSY_CPUS = 0.9;
/** Swap against memory in use. */
export const MUCH_SWAPPED = 0.1;
/** Available memory of the machine against all of it. */
export const HOST_SHORT = 0.05;
