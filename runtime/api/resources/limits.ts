/** ctr's own: the limits of containers as the kernel enforces them. */
import type { Container } from "../../types.ts";
import type { ApiEngine } from "../engine-face.ts";
import type { Exchange } from "../exchange.ts";
import { limitsView } from "../views/limits.ts";
import { isRunning } from "../views/status.ts";

/** `GET /ctr/limits`: of all containers that run. */
export function listLimits(exchange: Exchange, engine: ApiEngine): void {
  const running = engine.containers.list().filter(isRunning);
  exchange.json(
    200,
    running.map((container) => limitsOf(engine, container)),
  );
}

/** `GET /ctr/containers/{id}/limits`. */
export function inspectLimits(exchange: Exchange, engine: ApiEngine): void {
  exchange.json(200, limitsOf(engine, engine.containers.find(exchange.parameter("id"))));
}

function limitsOf({ containers, cgroups }: ApiEngine, container: Container) {
  const { id } = container;
  return limitsView(container, cgroups.host.mode, containers.limits(id), containers.stats(id));
}
