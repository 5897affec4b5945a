/** The companion process that answers names and runs proxies, and outlives restarts of the engine. */

export { DataPlane, type DataPlaneOptions } from "./data-plane.ts";
export type { DataPlaneState, ProxySpecification, SocketAddress } from "./types.ts";
