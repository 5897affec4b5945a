/** Sandboxes that are up, what they publish, and what else was settled for containers: rates, grants. */
import type { Store } from "../../lib/store.ts";
import type { Grant, PortBinding, PublishedPort, ShapeRequest } from "../types.ts";
import { type PortRow, portOf, type SandboxRecord, type SandboxRow, sandboxOf } from "./rows.ts";

export class SandboxStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  sandboxes(): SandboxRecord[] {
    return this.#store.all<SandboxRow>("SELECT * FROM sandboxes").map(sandboxOf);
  }

  sandbox(containerId: string): SandboxRecord | undefined {
    const row = this.#store.get<SandboxRow>("SELECT * FROM sandboxes WHERE container_id = ?", containerId);
    return row === undefined ? undefined : sandboxOf(row);
  }

  /** Adds a sandbox, or changes the one of this container. */
  saveSandbox({ containerId, namespacePath, bindings, dns, kept }: SandboxRecord): void {
    this.#store.run(
      `INSERT INTO sandboxes (container_id, namespace_path, bindings, dns, kept) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (container_id) DO UPDATE SET bindings = excluded.bindings, dns = excluded.dns, kept = excluded.kept`,
      containerId,
      namespacePath ?? null,
      JSON.stringify(bindings),
      JSON.stringify(dns),
      kept ? 1 : 0,
    );
  }

  /** With its ports; its endpoints have no link any more. */
  removeSandbox(containerId: string): void {
    this.#store.transaction(() => {
      this.#store.run("DELETE FROM published_ports WHERE container_id = ?", containerId);
      this.#store.run("DELETE FROM sandboxes WHERE container_id = ?", containerId);
      this.#store.run(
        "UPDATE endpoints SET interface_name = NULL WHERE container_id = ? AND interface_name IS NOT NULL",
        containerId,
      );
    });
  }

  setBindings(containerId: string, bindings: readonly PortBinding[]): void {
    this.#store.run("UPDATE sandboxes SET bindings = ? WHERE container_id = ?", JSON.stringify(bindings), containerId);
  }

  /** In one statement, as there may be hundreds. */
  addPorts(containerId: string, ports: readonly PublishedPort[]): void {
    this.#store.run(
      `INSERT INTO published_ports (container_id, protocol, host_ip, host_port, container_port, policy)
       SELECT ?, value ->> 'protocol', value ->> 'hostIp', value ->> 'hostPort', value ->> 'containerPort',
         value ->> 'policy'
       FROM json_each(?)`,
      containerId,
      JSON.stringify(ports),
    );
  }

  removePorts(containerId: string, ports: readonly PublishedPort[]): void {
    for (const { protocol, hostIp, hostPort, containerPort } of ports) {
      this.#store.run(
        `DELETE FROM published_ports
         WHERE container_id = ? AND protocol = ? AND host_ip = ? AND host_port = ? AND container_port = ?`,
        containerId,
        protocol,
        hostIp,
        hostPort,
        containerPort,
      );
    }
  }

  portsOf(containerId: string): PublishedPort[] {
    // Ports of a routed network have the number 0; those of IPv6 come last all the same.
    const sql = `SELECT * FROM published_ports WHERE container_id = ?
      ORDER BY container_port, protocol, host_port = 0 AND host_ip = '::', host_port, host_ip`;
    return this.#store.all<PortRow>(sql, containerId).map(portOf);
  }

  grants(): Grant[] {
    const sql = "SELECT grant_record FROM grants ORDER BY rowid";
    return this.#store.all<{ grant_record: string }>(sql).map(({ grant_record }) => JSON.parse(grant_record) as Grant);
  }

  saveGrant(grant: Grant): void {
    this.#store.run("INSERT OR REPLACE INTO grants VALUES (?, ?)", grant.id, JSON.stringify(grant));
  }

  removeGrant(id: string): void {
    this.#store.run("DELETE FROM grants WHERE id = ?", id);
  }

  shapesOf(containerId: string): ShapeRequest[] {
    const sql = "SELECT ingress, rate_bps FROM shapes WHERE container_id = ? ORDER BY ingress";
    return this.#store
      .all<{ ingress: number; rate_bps: number }>(sql, containerId)
      .map(({ ingress, rate_bps }) => ({ ingress: ingress === 1, rateBps: rate_bps }));
  }

  /** A rate of 0 is none. */
  saveShape(containerId: string, { ingress, rateBps }: ShapeRequest): void {
    this.#store.run("DELETE FROM shapes WHERE container_id = ? AND ingress = ?", containerId, ingress ? 1 : 0);
    if (rateBps > 0) this.#store.run("INSERT INTO shapes VALUES (?, ?, ?)", containerId, ingress ? 1 : 0, rateBps);
  }
}
