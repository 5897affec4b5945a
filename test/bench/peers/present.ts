import type { Absent, Peer } from "./peer.ts";

/**
 * Starts the peers that this machine has, and says which it has not.
 * @param stack ends them
 */
export async function usePresent(
  stack: AsyncDisposableStack,
  starts: readonly (() => Promise<Peer | Absent>)[],
): Promise<Peer[]> {
  const peers: Peer[] = [];
  for (const start of starts) {
    const peer = await start();
    if ("reason" in peer) console.log(`${peer.name} left out: ${peer.reason}`);
    else peers.push(stack.use(peer));
  }
  return peers;
}
