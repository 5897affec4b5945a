/** What the engine wants the kernel to be: its store, as plain data. The diagnosis compares everything with this. */
import type { Endpoint, Grant, Network, PortBinding, PublishedPort, SandboxDns } from "../../types.ts";

export interface Intent {
  readonly networks: readonly Network[];
  readonly containers: readonly IntendedContainer[];
  readonly grants: readonly Grant[];
  /** Keys of `daemon.json` that change what is right. */
  readonly settings: IntendedSettings;
}

export interface IntendedSettings {
  /** True unless the user looks after forwarding himself. */
  readonly ipForward: boolean;
  /** True unless the user writes the rules himself. */
  readonly iptables: boolean;
  readonly ip6tables: boolean;
  readonly firewallBackend: "nftables" | "iptables";
  readonly userlandProxy: boolean;
  /** Published ports are reached at the containers' own addresses, too. Absent in snapshots of older engines. */
  readonly allowDirectRouting?: boolean;
  /** Containers on the default bridge may reach each other. */
  readonly icc: boolean;
}

export interface IntendedContainer {
  readonly id: string;
  readonly name: string;
  readonly running: boolean;
  readonly paused: boolean;
  /** `bridge`, `host`, `none`, `container:<id>` or a network's name. */
  readonly networkMode: string;
  /**
   * Key of its network namespace in {@link Snapshot.namespaces}: its own id, that of the container whose network it
   * joined, or `host`. Undefined while it does not run.
   */
  readonly namespace: string | undefined;
  /** Its first process, as the host counts, while it runs. */
  readonly pid: number | undefined;
  readonly endpoints: readonly Endpoint[];
  /** Ports in force. */
  readonly ports: readonly PublishedPort[];
  /** Ports that it will publish once it runs. Absent while it does. */
  readonly bindings?: readonly PortBinding[];
  /** Ports that the image or the user says it listens on: `80/tcp`. */
  readonly exposed: readonly string[];
  readonly dns: SandboxDns;
}
