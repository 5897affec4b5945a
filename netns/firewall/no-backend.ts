import type { Backend } from "./backend.ts";

/** For `iptables: false`: the administrator sees to the firewall. */
export const noBackend = (name: Backend["name"]): Backend => ({
  name,
  ensure() {},
  replace() {},
  apply() {},
  claim() {},
  check: () => true,
  list: async () => [],
  foreignDrops: () => [],
  [Symbol.dispose]() {},
});
