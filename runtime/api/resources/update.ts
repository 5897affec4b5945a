/** Changes of a container's limits: Docker's `update`, and ours, which says what has changed. */
import { decodeUpdate } from "../decode/update-request.ts";
import type { ApiEngine } from "../engine-face.ts";
import type { Exchange } from "../exchange.ts";

/** `POST /containers/{id}/update`. */
export async function updateContainer(exchange: Exchange, { containers }: ApiEngine): Promise<void> {
  const request = decodeUpdate(await exchange.body(), exchange.version);
  const { warnings } = await containers.update(exchange.parameter("id"), request);
  exchange.json(200, { Warnings: warnings.length === 0 ? null : warnings });
}

/** `POST /ctr/containers/{id}/limits`: the same, with what is different now. */
export async function changeLimits(exchange: Exchange, { containers }: ApiEngine): Promise<void> {
  const request = decodeUpdate(await exchange.body(), exchange.version);
  const { warnings, changes } = await containers.update(exchange.parameter("id"), request);
  exchange.json(200, { Warnings: warnings, Changes: changes });
}

/** `POST /ctr/containers/{id}/limits/repair`: what was asked is in force again. */
export async function repairLimits(exchange: Exchange, { containers }: ApiEngine): Promise<void> {
  exchange.json(200, { Changes: await containers.repairLimits(exchange.parameter("id")) });
}
