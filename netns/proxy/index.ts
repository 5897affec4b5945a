/**
 * The user-space proxy: it carries what the kernel cannot redirect from a port of the host to a container (netns/ports
 * says what that is). It runs in the data plane's process and knows nothing of it:
 *
 *     const proxies = new Proxies();
 *     await proxies.put({ id: "tcp [::]:8080", protocol: "tcp", listen: { address: "::", port: 8080 }, target });
 *
 * Sockets belong to the network namespace that the main thread is in.
 */
export { Proxies, type ProxiesOptions } from "./proxies.ts";
export type { ProxyCounters } from "./types.ts";
