/** What users should know of the ports that they ask to publish. Pure. */
import type { Network } from "../../netns/index.ts";
import type { Container } from "../types.ts";
import { portBindingsOf } from "./ports.ts";

/**
 * @param networks that the container is created on
 * @returns one with Docker's text; another where Docker leaves ports out without a word
 */
export function portWarnings(
  { config, hostConfig }: Pick<Container, "config" | "hostConfig">,
  networks: readonly Pick<Network, "name" | "driver">[],
): string[] {
  if (hostConfig.NetworkMode === "host") {
    const isDiscarded = Object.keys(hostConfig.PortBindings ?? {}).length > 0;
    return isDiscarded ? ["Published ports are discarded when using host network mode"] : [];
  }
  const direct = networks.find(({ driver }) => driver === "macvlan" || driver === "ipvlan");
  const hasBridge = networks.some(({ driver }) => driver === "bridge");
  if (direct === undefined || hasBridge || portBindingsOf(config, hostConfig).length === 0) return [];
  const { name, driver } = direct;
  return [
    `Published ports have no effect on the ${driver} network ${name}: its containers are reached at their own addresses`,
  ];
}
