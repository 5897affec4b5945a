/** Keeps a container's terminal as large as the user's. */
import { oneAtATime } from "../../../lib/one-at-a-time.ts";
import type { Client } from "../client/client.ts";
import { onResize, terminalSize } from "../terminal/terminal.ts";

/**
 * @param path of the resize call: `/containers/{id}/resize` or `/exec/{id}/resize`
 * @returns stops following
 */
export function followSize(client: Client, path: string): () => void {
  // Of two that are under way together the older one may arrive last.
  const send = oneAtATime(() => sendSize(client, path));
  send();
  return onResize(send);
}

async function sendSize(client: Client, path: string): Promise<void> {
  const size = terminalSize();
  if (size === undefined) return;
  // A container that has just ended has no size any more; that is no fault.
  await client.post(path, { query: { h: size.rows, w: size.columns } }).catch(() => {});
}
