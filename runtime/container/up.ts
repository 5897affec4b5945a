/** Containers whose processes exist, whether they get time or are paused. */
import { conflict } from "../../lib/errors.ts";
import type { Container } from "../types.ts";

export const isUp = ({ status }: Pick<Container, "status">): boolean => status === "running" || status === "paused";

/** @throws `conflict` with Docker's text */
export function requireUp(container: Container): void {
  if (!isUp(container)) throw conflict(`container ${container.id} is not running`, "CTR_CONTAINER_NOT_RUNNING");
}
