/** Swarm, which ctr does not have. Clients ask whether there is one: the answers are those of an engine in no swarm. */
import { unavailable } from "../../../lib/errors.ts";

/** What only a manager has: services, nodes, tasks, secrets, configs, and the swarm itself. @throws Docker's text */
export function requireManager(): never {
  throw unavailable(
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
    { code: "CTR_SWARM_ABSENT", hint: "ctr runs containers of one host: there is no swarm to join" },
  );
}

/** @throws Docker's text */
export function leaveSwarm(): never {
  throw unavailable("This node is not part of a swarm", "CTR_SWARM_ABSENT");
}
