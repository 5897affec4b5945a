/** A container's sandbox, and what it is made with. */
import type { Announcements } from "../announcements/index.ts";
import type { Conntrack } from "../conntrack/index.ts";
import type { DataPlane } from "../dataplane/index.ts";
import type { Names } from "../dns/index.ts";
import type { Connection } from "../drivers/index.ts";
import type { StepHook } from "../fault-points.ts";
import type { NetworkTools } from "../networks/types.ts";
import type { HostPorts } from "../ports/index.ts";
import type { SandboxRecord } from "../store/index.ts";

export interface SandboxTools extends NetworkTools {
  readonly hostPorts: HostPorts;
  readonly dataPlane: DataPlane;
  readonly names: Names;
  readonly conntrack: Conntrack;
  readonly announcements: Announcements;
  /** Starts of proxies that are under way, by container: whoever changes its proxies next waits for that. */
  readonly proxyStarts: Map<string, Promise<void>>;
  /** Called after each step that changes something; tests end the process there. */
  readonly step: StepHook;
}

/** The interfaces that lead to everywhere else. */
export interface Gateways {
  readonly ipv4: Connection | undefined;
  readonly ipv6: Connection | undefined;
}

/** A container's sandbox as the store describes it. */
export interface SandboxState {
  readonly containerId: string;
  readonly containerName: string;
  /** Container's name and its gateway endpoint's id, for Docker's texts: `web (1f9c…)`. */
  readonly describe: string;
  /** Undefined in host mode, where there is nothing to make. */
  readonly namespacePath: string | undefined;
  /** In the order of the interfaces. None on `none`, where only loopback is up. */
  readonly connections: readonly Connection[];
  readonly gateways: Gateways;
}

/** A sandbox with a namespace of its own. */
export interface UpSandbox {
  readonly record: SandboxRecord;
  readonly namespacePath: string;
  readonly state: SandboxState;
}
