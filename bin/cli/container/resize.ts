/** Keeps a container's terminal as large as the user's. */
import type { Client } from "../client/client.ts";
import { onResize, terminalSize } from "../terminal/terminal.ts";

/**
 * @param path of the resize call: `/containers/{id}/resize` or `/exec/{id}/resize`
 * @returns stops following
 */
export function followSize(client: Client, path: string): () => void {
  const send = (): void => {
    const size = terminalSize();
    if (size === undefined) return;
    // A container that has just ended has no size any more; that is no fault.
    client.post(path, { query: { h: size.rows, w: size.columns } }).catch(() => {});
  };
  send();
  return onResize(send);
}
