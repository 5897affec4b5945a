/** ctr's own: limits of several containers together. The group `ctr` is the ceiling over all of them. */
import { decodeLimitGroup } from "../decode/update-request.ts";
import type { ApiEngine } from "../engine-face.ts";
import type { Exchange } from "../exchange.ts";
import { limitGroupView } from "../views/limits.ts";

/** `GET /ctr/limit-groups`. */
export function listLimitGroups(exchange: Exchange, { limitGroups }: ApiEngine): void {
  exchange.json(200, limitGroups.list().map(limitGroupView));
}

/** `GET /ctr/limit-groups/{name}`: with the limits as the kernel enforces them, and what is used. */
export function inspectLimitGroup(exchange: Exchange, { limitGroups }: ApiEngine): void {
  const name = exchange.parameter("name");
  const group = limitGroups.find(name);
  exchange.json(200, { ...limitGroupView(group), Limits: limitGroups.limits(name), Stats: limitGroups.stats(name) });
}

/** `POST /ctr/limit-groups/{name}`. */
export async function limitGroup(exchange: Exchange, { limitGroups }: ApiEngine): Promise<void> {
  const { Unset, ...resources } = decodeLimitGroup(await exchange.body());
  exchange.json(200, { Changes: limitGroups.set(exchange.parameter("name"), resources, Unset) });
}

/** `POST /ctr/limit-groups/{name}/repair`. */
export function repairLimitGroup(exchange: Exchange, { limitGroups }: ApiEngine): void {
  exchange.json(200, { Changes: limitGroups.repair(exchange.parameter("name")) });
}

/** `DELETE /ctr/limit-groups/{name}`. */
export function removeLimitGroup(exchange: Exchange, { limitGroups }: ApiEngine): void {
  limitGroups.remove(exchange.parameter("name"));
  exchange.empty(204);
}
