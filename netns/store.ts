/** The network layer's tables. Everything the kernel is brought to is written here first. */
import type { Migrations, Store } from "../lib/store.ts";
import type { Network, Protocol, PublishedPort } from "./types.ts";

/**
 * Addresses are numbers, so that they sort. The unique constraints are the last word on who has an address, a port or
 * the name of a host interface (which is made of the first seven digits of the endpoint's id).
 */
export const networkMigrations: Migrations = {
  layer: "netns",
  steps: [
    `CREATE TABLE networks (
       id TEXT PRIMARY KEY,
       name TEXT NOT NULL UNIQUE,
       driver TEXT NOT NULL,
       created TEXT NOT NULL,
       subnet TEXT,
       gateway TEXT,
       bridge TEXT UNIQUE,
       mtu INTEGER,
       internal INTEGER NOT NULL,
       options TEXT NOT NULL,
       labels TEXT NOT NULL
     ) STRICT;
     CREATE TABLE endpoints (
       id TEXT PRIMARY KEY,
       network_id TEXT NOT NULL REFERENCES networks (id),
       container_id TEXT NOT NULL,
       container_name TEXT NOT NULL,
       address INTEGER,
       mac_address TEXT NOT NULL,
       UNIQUE (network_id, address),
       UNIQUE (network_id, container_id)
     ) STRICT;
     CREATE INDEX endpoints_container ON endpoints (container_id);
     CREATE UNIQUE INDEX endpoints_host_interface ON endpoints (substr(id, 1, 7));
     CREATE TABLE sandboxes (
       container_id TEXT PRIMARY KEY,
       namespace_path TEXT
     ) STRICT;
     CREATE TABLE published_ports (
       container_id TEXT NOT NULL REFERENCES sandboxes (container_id),
       protocol TEXT NOT NULL,
       host_ip TEXT NOT NULL,
       host_port INTEGER NOT NULL,
       container_port INTEGER NOT NULL,
       PRIMARY KEY (protocol, host_ip, host_port)
     ) STRICT;
     CREATE INDEX published_ports_container ON published_ports (container_id)`,
  ],
};

/** An endpoint as it is stored. The public record adds what follows from its network and from whether it is up. */
export interface EndpointRecord {
  readonly id: string;
  readonly networkId: string;
  readonly containerId: string;
  readonly containerName: string;
  /** Undefined on `host` and `none`. */
  readonly address: number | undefined;
  readonly macAddress: string;
}

export interface SandboxRecord {
  readonly containerId: string;
  /** Undefined in host mode. */
  readonly namespacePath: string | undefined;
}

interface NetworkRow {
  readonly id: string;
  readonly name: string;
  readonly driver: Network["driver"];
  readonly created: string;
  readonly subnet: string | null;
  readonly gateway: string | null;
  readonly bridge: string | null;
  readonly mtu: number | null;
  readonly internal: number;
  readonly options: string;
  readonly labels: string;
}

interface EndpointRow {
  readonly id: string;
  readonly network_id: string;
  readonly container_id: string;
  readonly container_name: string;
  readonly address: number | null;
  readonly mac_address: string;
}

interface SandboxRow {
  readonly container_id: string;
  readonly namespace_path: string | null;
}

interface PortRow {
  readonly container_id: string;
  readonly protocol: Protocol;
  readonly host_ip: string;
  readonly host_port: number;
  readonly container_port: number;
}

export class NetworkStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  transaction<T>(body: () => T): T {
    return this.#store.transaction(body);
  }

  /** Oldest first. */
  networks(): Network[] {
    return this.#store.all<NetworkRow>("SELECT * FROM networks ORDER BY created, name").map(parseNetwork);
  }

  network(id: string): Network | undefined {
    const row = this.#store.get<NetworkRow>("SELECT * FROM networks WHERE id = ?", id);
    return row === undefined ? undefined : parseNetwork(row);
  }

  /** The network of an endpoint: a foreign key keeps it there. */
  networkOf({ networkId }: Pick<EndpointRecord, "networkId">): Network {
    const network = this.network(networkId);
    if (network === undefined) throw new TypeError(`no network ${networkId} in the store`);
    return network;
  }

  networkByName(name: string): Network | undefined {
    const row = this.#store.get<NetworkRow>("SELECT * FROM networks WHERE name = ?", name);
    return row === undefined ? undefined : parseNetwork(row);
  }

  saveNetwork(network: Network): void {
    this.#store.run(
      `INSERT INTO networks (id, name, driver, created, subnet, gateway, bridge, mtu, internal, options, labels)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET subnet = excluded.subnet, gateway = excluded.gateway, mtu = excluded.mtu,
         options = excluded.options`,
      network.id,
      network.name,
      network.driver,
      network.created,
      network.subnet ?? null,
      network.gateway ?? null,
      network.bridge ?? null,
      network.mtu ?? null,
      network.internal ? 1 : 0,
      JSON.stringify(network.options),
      JSON.stringify(network.labels),
    );
  }

  endpointsOfNetwork(networkId: string): EndpointRecord[] {
    const sql = "SELECT * FROM endpoints WHERE network_id = ? ORDER BY address, id";
    return this.#store.all<EndpointRow>(sql, networkId).map(endpointOf);
  }

  endpointsOfContainer(containerId: string): EndpointRecord[] {
    const sql = "SELECT * FROM endpoints WHERE container_id = ? ORDER BY rowid";
    return this.#store.all<EndpointRow>(sql, containerId).map(endpointOf);
  }

  /** Ascending. */
  addressesOfNetwork(networkId: string): number[] {
    const sql = "SELECT address FROM endpoints WHERE network_id = ? AND address IS NOT NULL ORDER BY address";
    return this.#store.all<{ address: number }>(sql, networkId).map(({ address }) => address);
  }

  /** True when another endpoint's host interface would have the name that this id gives. */
  hostInterfaceTaken(endpointId: string): boolean {
    const sql = "SELECT 1 FROM endpoints WHERE substr(id, 1, 7) = ?";
    return this.#store.get(sql, endpointId.slice(0, 7)) !== undefined;
  }

  addEndpoint(endpoint: EndpointRecord): void {
    this.#store.run(
      `INSERT INTO endpoints (id, network_id, container_id, container_name, address, mac_address)
       VALUES (?, ?, ?, ?, ?, ?)`,
      endpoint.id,
      endpoint.networkId,
      endpoint.containerId,
      endpoint.containerName,
      endpoint.address ?? null,
      endpoint.macAddress,
    );
  }

  setAddress(endpointId: string, address: number | undefined): void {
    this.#store.run("UPDATE endpoints SET address = ? WHERE id = ?", address ?? null, endpointId);
  }

  renameContainer(containerId: string, name: string): void {
    this.#store.run("UPDATE endpoints SET container_name = ? WHERE container_id = ?", name, containerId);
  }

  removeEndpoints(containerId: string): void {
    this.#store.run("DELETE FROM endpoints WHERE container_id = ?", containerId);
  }

  /** Containers that have an endpoint, running or not. */
  containersWithEndpoints(): string[] {
    const sql = "SELECT DISTINCT container_id FROM endpoints";
    return this.#store.all<{ container_id: string }>(sql).map(({ container_id }) => container_id);
  }

  sandboxes(): SandboxRecord[] {
    return this.#store.all<SandboxRow>("SELECT * FROM sandboxes").map(sandboxOf);
  }

  sandbox(containerId: string): SandboxRecord | undefined {
    const row = this.#store.get<SandboxRow>("SELECT * FROM sandboxes WHERE container_id = ?", containerId);
    return row === undefined ? undefined : sandboxOf(row);
  }

  /** How many sandboxes are connected to a network. */
  countConnected(networkId: string): number {
    const sql = "SELECT count(*) AS count FROM endpoints JOIN sandboxes USING (container_id) WHERE network_id = ?";
    return this.#store.get<{ count: number }>(sql, networkId)?.count ?? 0;
  }

  /** Records a sandbox and its published ports, together. */
  addSandbox({ containerId, namespacePath }: SandboxRecord, ports: readonly PublishedPort[]): void {
    this.#store.transaction(() => {
      this.#store.run("INSERT INTO sandboxes VALUES (?, ?)", containerId, namespacePath ?? null);
      for (const { protocol, hostIp, hostPort, containerPort } of ports) {
        this.#store.run(
          `INSERT INTO published_ports (container_id, protocol, host_ip, host_port, container_port)
           VALUES (?, ?, ?, ?, ?)`,
          containerId,
          protocol,
          hostIp,
          hostPort,
          containerPort,
        );
      }
    });
  }

  removeSandbox(containerId: string): void {
    this.#store.transaction(() => {
      this.#store.run("DELETE FROM published_ports WHERE container_id = ?", containerId);
      this.#store.run("DELETE FROM sandboxes WHERE container_id = ?", containerId);
    });
  }

  portsOf(containerId: string): PublishedPort[] {
    const sql = "SELECT * FROM published_ports WHERE container_id = ? ORDER BY container_port, protocol, host_port";
    return this.#store.all<PortRow>(sql, containerId).map(({ protocol, host_ip, host_port, container_port }) => ({
      protocol,
      containerPort: container_port,
      hostIp: host_ip,
      hostPort: host_port,
    }));
  }
}

const sandboxOf = (row: SandboxRow): SandboxRecord => ({
  containerId: row.container_id,
  namespacePath: row.namespace_path ?? undefined,
});

const endpointOf = (row: EndpointRow): EndpointRecord => ({
  id: row.id,
  networkId: row.network_id,
  containerId: row.container_id,
  containerName: row.container_name,
  address: row.address ?? undefined,
  macAddress: row.mac_address,
});

const parseNetwork = (row: NetworkRow): Network => ({
  id: row.id,
  name: row.name,
  driver: row.driver,
  created: row.created,
  internal: row.internal === 1,
  options: JSON.parse(row.options),
  labels: JSON.parse(row.labels),
  ...(row.subnet === null ? {} : { subnet: row.subnet }),
  ...(row.gateway === null ? {} : { gateway: row.gateway }),
  ...(row.bridge === null ? {} : { bridge: row.bridge }),
  ...(row.mtu === null ? {} : { mtu: row.mtu }),
});
