/** The environment variables of `--link`. */
import { linkEnvironment } from "../../netns/index.ts";
import type { Container } from "../types.ts";
import type { LinkedContainer } from "./links.ts";

/** They come before the container's own variables, which win. */
export function linkVariables({ name }: Container, linked: readonly LinkedContainer[]): string[] {
  return linked.flatMap(({ alias, target, address }) =>
    linkEnvironment({
      name: `/${name}/${alias}`,
      alias,
      address,
      ports: Object.keys(target.config.ExposedPorts ?? {}),
      environment: target.config.Env ?? [],
    }),
  );
}
