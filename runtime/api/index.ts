/** The Engine API server. */
export type { ApiEngine, EngineInfo, EngineVersion } from "./engine-face.ts";
export { type ListenAddress, parseListenAddress } from "./listen-address.ts";
export { ApiServer } from "./server.ts";
export { API_VERSION, MIN_API_VERSION } from "./versions.ts";
