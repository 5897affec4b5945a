/** Networks and the endpoints on them. */
import type { Store } from "../../lib/store.ts";
import type { Address, Family } from "../ipam/ip.ts";
import type { Network } from "../types.ts";
import {
  address4Column,
  address6Column,
  type EndpointRecord,
  type EndpointRow,
  endpointOf,
  type LostNetwork,
  type NetworkRow,
  networkOf,
} from "./rows.ts";
import { SandboxStore } from "./sandbox-store.ts";

export class NetworkStore extends SandboxStore {
  readonly #store: Store;

  constructor(store: Store) {
    super(store);
    this.#store = store;
  }

  transaction<T>(body: () => T): T {
    return this.#store.transaction(body);
  }

  /** Oldest first. */
  networks(): Network[] {
    return this.#store.all<NetworkRow>("SELECT * FROM networks ORDER BY created, name").map(networkOf);
  }

  network(id: string): Network | undefined {
    const row = this.#store.get<NetworkRow>("SELECT * FROM networks WHERE id = ?", id);
    return row === undefined ? undefined : networkOf(row);
  }

  /** The network of an endpoint: a foreign key keeps it there. */
  networkOf({ networkId }: Pick<EndpointRecord, "networkId">): Network {
    const network = this.network(networkId);
    if (network === undefined) throw new TypeError(`no network ${networkId} in the store`);
    return network;
  }

  networkByName(name: string): Network | undefined {
    const row = this.#store.get<NetworkRow>("SELECT * FROM networks WHERE name = ?", name);
    return row === undefined ? undefined : networkOf(row);
  }

  /** Adds a network, or changes the one with this id. */
  saveNetwork(network: Network): void {
    this.#store.run(
      `INSERT INTO networks (id, name, driver, created, enable_ipv4, enable_ipv6, subnets, bridge, mtu, internal,
         attachable, ipam_driver, ipam_options, options, labels, config_only, config_from)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET enable_ipv4 = excluded.enable_ipv4, enable_ipv6 = excluded.enable_ipv6,
         subnets = excluded.subnets, bridge = excluded.bridge, mtu = excluded.mtu, options = excluded.options`,
      network.id,
      network.name,
      network.driver,
      network.created,
      network.enableIPv4 ? 1 : 0,
      network.enableIPv6 ? 1 : 0,
      JSON.stringify(network.subnets),
      network.bridge ?? null,
      network.mtu ?? null,
      network.internal ? 1 : 0,
      network.attachable ? 1 : 0,
      network.ipamDriver,
      JSON.stringify(network.ipamOptions),
      JSON.stringify(network.options),
      JSON.stringify(network.labels),
      network.configOnly === true ? 1 : 0,
      network.configFrom ?? null,
    );
  }

  /** Its endpoints must have been removed. */
  removeNetwork(id: string): void {
    this.#store.run("DELETE FROM networks WHERE id = ?", id);
  }

  /** By address. */
  endpointsOfNetwork(networkId: string): EndpointRecord[] {
    const sql = "SELECT * FROM endpoints WHERE network_id = ? ORDER BY address, address6, id";
    return this.#store.all<EndpointRow>(sql, networkId).map(endpointOf);
  }

  /** In the order in which they were given. */
  endpointsOfContainer(containerId: string): EndpointRecord[] {
    const sql = "SELECT * FROM endpoints WHERE container_id = ? ORDER BY rowid";
    return this.#store.all<EndpointRow>(sql, containerId).map(endpointOf);
  }

  endpointOn(networkId: string, containerId: string): EndpointRecord | undefined {
    const sql = "SELECT * FROM endpoints WHERE network_id = ? AND container_id = ?";
    const row = this.#store.get<EndpointRow>(sql, networkId, containerId);
    return row === undefined ? undefined : endpointOf(row);
  }

  /** Ascending. */
  addressesOfNetwork(networkId: string, family: Family): bigint[] {
    if (family === 4) {
      const sql = "SELECT address FROM endpoints WHERE network_id = ? AND address IS NOT NULL ORDER BY address";
      return this.#store.all<{ address: number }>(sql, networkId).map(({ address }) => BigInt(address));
    }
    const sql = "SELECT address6 FROM endpoints WHERE network_id = ? AND address6 IS NOT NULL ORDER BY address6";
    return this.#store.all<{ address6: string }>(sql, networkId).map(({ address6 }) => BigInt(`0x${address6}`));
  }

  /** True when another endpoint's host interface would have the name that this id gives. */
  hostInterfaceTaken(endpointId: string): boolean {
    const sql = "SELECT 1 FROM endpoints WHERE substr(id, 1, 7) = ?";
    return this.#store.get(sql, endpointId.slice(0, 7)) !== undefined;
  }

  addEndpoint(endpoint: EndpointRecord): void {
    this.#store.run(
      `INSERT INTO endpoints (id, network_id, container_id, container_name, address, address6, mac_address,
         gateway_priority, interface_name, details)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      endpoint.id,
      endpoint.networkId,
      endpoint.containerId,
      endpoint.containerName,
      address4Column(endpoint.address),
      address6Column(endpoint.address6),
      endpoint.macAddress,
      endpoint.gatewayPriority,
      endpoint.interfaceName ?? null,
      JSON.stringify(endpoint.details),
    );
  }

  setAddresses(endpointId: string, address: Address | undefined, address6: Address | undefined): void {
    const sql = "UPDATE endpoints SET address = ?, address6 = ? WHERE id = ?";
    this.#store.run(sql, address4Column(address), address6Column(address6), endpointId);
  }

  /** @param name undefined when its link is taken out of the sandbox */
  setInterfaceName(endpointId: string, name: string | undefined): void {
    this.#store.run("UPDATE endpoints SET interface_name = ? WHERE id = ?", name ?? null, endpointId);
  }

  renameContainer(containerId: string, name: string): void {
    this.#store.run("UPDATE endpoints SET container_name = ? WHERE container_id = ?", name, containerId);
  }

  removeEndpoint(endpointId: string): void {
    this.#store.run("DELETE FROM endpoints WHERE id = ?", endpointId);
  }

  /** Everything that a container has of the network, but for its sandbox. */
  removeContainer(containerId: string): void {
    this.#store.transaction(() => {
      for (const table of ["endpoints", "shapes", "lost_networks"]) {
        this.#store.run(`DELETE FROM ${table} WHERE container_id = ?`, containerId);
      }
    });
  }

  /** Containers that have an endpoint, running or not. */
  containersWithEndpoints(): string[] {
    const sql = "SELECT DISTINCT container_id FROM endpoints UNION SELECT container_id FROM lost_networks";
    return this.#store.all<{ container_id: string }>(sql).map(({ container_id }) => container_id);
  }

  /** How many sandboxes have a link on a network. */
  countConnected(networkId: string): number {
    const sql = "SELECT count(*) AS count FROM endpoints WHERE network_id = ? AND interface_name IS NOT NULL";
    return this.#store.get<{ count: number }>(sql, networkId)?.count ?? 0;
  }

  /** The endpoints of a network goes with it; their containers are not to start without. */
  loseNetwork({ id, name }: Network): void {
    this.#store.run(
      "INSERT OR REPLACE INTO lost_networks SELECT container_id, network_id, ? FROM endpoints WHERE network_id = ?",
      name,
      id,
    );
    this.#store.run("DELETE FROM endpoints WHERE network_id = ?", id);
  }

  lostNetworksOf(containerId: string): LostNetwork[] {
    const sql = "SELECT network_id, network_name FROM lost_networks WHERE container_id = ?";
    return this.#store
      .all<{ network_id: string; network_name: string }>(sql, containerId)
      .map(({ network_id, network_name }) => ({ networkId: network_id, networkName: network_name }));
  }

  /** The container is connected to a network of that name again. */
  forgetLostNetwork(containerId: string, name: string): void {
    this.#store.run("DELETE FROM lost_networks WHERE container_id = ? AND network_name = ?", containerId, name);
  }
}
