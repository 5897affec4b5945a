/** The moments between two changes of the kernel or the store: where tests end the engine. */

export const NETWORK_FAULT_POINTS = [
  "createNetwork:device",
  "createNetwork:firewall",
  "removeNetwork:firewall",
  "removeNetwork:device",
  "setUp:record",
  "setUp:namespace",
  "setUp:cable",
  "setUp:configure",
  "setUp:routes",
  "setUp:names",
  "setUp:ports",
  "setUp:publish",
  "setUp:proxies",
  "connect:reserve",
  "connect:ports",
  "connect:cable",
  "connect:configure",
  "connect:routes",
  "connect:rules",
  "connect:names",
  "disconnect:names",
  "disconnect:cable",
  "disconnect:routes",
  "disconnect:rules",
  "disconnect:record",
  "publish:reserve",
  "publish:record",
  "publish:rules",
  "unpublish:record",
  "unpublish:rules",
  "tearDown:names",
  "tearDown:rules",
  "tearDown:proxies",
  "tearDown:namespace",
  "tearDown:links",
] as const;

export type NetworkFaultPoint = (typeof NETWORK_FAULT_POINTS)[number];

/** Called when a change is made: for measuring, and for tests that end the process there. */
export type StepHook = (point: NetworkFaultPoint) => void;
