/** Keeps a container's terminal as large as the user's. */
import type { Client } from "../client/client.ts";
import { onResize, terminalSize } from "../terminal/terminal.ts";

/**
 * @param path of the resize call: `/containers/{id}/resize` or `/exec/{id}/resize`
 * @returns stops following
 */
export function followSize(client: Client, path: string): () => void {
  let sending = false;
  let changed = false;
  // One at a time: of two that are under way together the older one may arrive last.
  const send = async (): Promise<void> => {
    changed = true;
    if (sending) return;
    sending = true;
    while (changed) {
      changed = false;
      await sendSize(client, path);
    }
    sending = false;
  };
  void send();
  return onResize(() => void send());
}

async function sendSize(client: Client, path: string): Promise<void> {
  const size = terminalSize();
  if (size === undefined) return;
  // A container that has just ended has no size any more; that is no fault.
  await client.post(path, { query: { h: size.rows, w: size.columns } }).catch(() => {});
}
