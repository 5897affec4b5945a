/** What a container publishes, from its configuration. */
import { portBindingsOf as bindingsOf, type PortBinding } from "../../netns/index.ts";
import type { ContainerConfig, HostConfig } from "../types.ts";

/** @throws `invalid` with Docker's texts */
export function portBindingsOf(config: ContainerConfig, hostConfig: HostConfig): PortBinding[] {
  return bindingsOf({
    portBindings: hostConfig.PortBindings ?? {},
    exposedPorts: Object.keys(config.ExposedPorts ?? {}),
    publishAllPorts: hostConfig.PublishAllPorts ?? false,
  });
}
