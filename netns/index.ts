/** The network layer: namespaces, bridges, veth pairs, addresses, firewall, published ports. Usable without the engine. */
export type * from "./types.ts";
