/** ctr's own: the limits of containers as the kernel enforces them. */
import { limitsOfDocker, NO_STATS } from "../../../cgroups/index.ts";
import { CtrError } from "../../../lib/errors.ts";
import { otherLimits } from "../../metrics/index.ts";
import type { Container } from "../../types.ts";
import type { ApiEngine } from "../engine-face.ts";
import type { Exchange } from "../exchange.ts";
import { limitsView } from "../views/limits.ts";

/** `GET /ctr/limits`: of all containers that run. */
export function listLimits(exchange: Exchange, engine: ApiEngine): void {
  const running = engine.containers.list().filter(hasGroup);
  exchange.json(
    200,
    running.map((container) => limitsOf(engine, container)),
  );
}

/** `GET /ctr/containers/{id}/limits`: of one that does not run, what it asks for. */
export function inspectLimits(exchange: Exchange, engine: ApiEngine): void {
  exchange.json(200, limitsOf(engine, engine.containers.find(exchange.parameter("id"))));
}

function limitsOf(engine: ApiEngine, container: Container) {
  return limitsView(container, engine.cgroups.host.mode, {
    ...(readingsOf(engine, container) ?? { limits: [], stats: NO_STATS }),
    ...{ asked: limitsOfDocker(container.hostConfig), others: otherLimits(container) },
  });
}

const hasGroup = ({ status }: Container): boolean => status === "running" || status === "paused";

/** Undefined when it does not run, or ends just now. */
function readingsOf({ containers }: ApiEngine, container: Container) {
  if (!hasGroup(container)) return undefined;
  try {
    const { id } = container;
    const cgroups = containers.cgroupsOf(id);
    return { limits: containers.limits(id), stats: cgroups.stats(id), signals: cgroups.signals(id) };
  } catch (error) {
    if (error instanceof CtrError && ["notFound", "conflict"].includes(error.kind)) return undefined;
    throw error;
  }
}
