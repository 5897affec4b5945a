/** Deleting a link of a namespace that stays, without holding the engine up. */
import { setTimeout as delay } from "node:timers/promises";
import { concat, text } from "./codec.ts";
import { LinkAttribute, MessageType } from "./constants.ts";
import { findLink, ifinfomsg } from "./link.ts";
import { NetlinkError, NetlinkSocket } from "./transport.ts";

/** Milliseconds between two looks. */
const POLL = 1;

/**
 * Deletes a link by name; of a veth pair both ends go. The kernel takes the link out of its lists within 2 to 7 ms and
 * then waits 15 to 40 ms for RCU callbacks, all inside of the request: that is done on another thread, and this resolves
 * as soon as nobody finds the link any more.
 *
 * @param netlink for looking
 * @param open makes a socket in the same namespace
 * @returns false when there is no such link
 * @throws {NetlinkError}
 */
export async function deleteLinkInBackground(
  netlink: NetlinkSocket,
  name: string,
  open: () => NetlinkSocket = () => NetlinkSocket.open(),
): Promise<boolean> {
  const link = findLink(netlink, name);
  if (link === undefined) return false;
  let answered = false;
  const answer = askToDelete(open(), name).finally(() => {
    answered = true;
  });
  // When the link is out of the lists, nothing can fail any more.
  answer.catch(() => {});
  const isThere = (): boolean => findLink(netlink, name)?.index === link.index;
  do await delay(POLL);
  while (!answered && isThere());
  if (answered) await answer;
  return true;
}

async function askToDelete(socket: NetlinkSocket, name: string): Promise<void> {
  using background = socket;
  const payload = concat([ifinfomsg(), text(LinkAttribute.name, name)]);
  try {
    await background.changeInBackground(`delete link ${name}`, MessageType.deleteLink, payload);
  } catch (error) {
    // Somebody else was faster.
    if (!(error instanceof NetlinkError) || error.code !== "ENODEV") throw error;
  }
}
