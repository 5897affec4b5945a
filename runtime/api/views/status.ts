/** A container's state in words, as `docker ps` shows it. */
import { humanDuration } from "../../../lib/units/duration.ts";
import type { Container, Health } from "../../types.ts";
import { isZeroTime } from "./times.ts";

/** @param now milliseconds since 1970 */
export function statusText(container: Container, now: number): string {
  const { status, exitCode, startedAt, finishedAt, health } = container;
  const since = (time: string): string => humanDuration(now - Date.parse(time));
  switch (status) {
    case "running":
      return `Up ${since(startedAt)}${healthText(health)}`;
    case "paused":
      return `Up ${since(startedAt)} (Paused)`;
    case "restarting":
      return `Restarting (${exitCode}) ${since(finishedAt)} ago`;
    case "removing":
      return "Removal In Progress";
    case "dead":
      return "Dead";
    case "created":
    case "exited":
      if (isZeroTime(startedAt)) return "Created";
      return isZeroTime(finishedAt) ? "" : `Exited (${exitCode}) ${since(finishedAt)} ago`;
  }
}

function healthText(health: Health | undefined): string {
  if (health === undefined) return "";
  return health.status === "starting" ? " (health: starting)" : ` (${health.status})`;
}

/** True while its first process exists. */
export function isRunning({ status }: Container): boolean {
  return status === "running" || status === "paused" || status === "restarting";
}
