/** Connection tracking: UDP flows that lead to where a port or an address used to be. */
export { Conntrack, type StaleUdp } from "./conntrack.ts";
