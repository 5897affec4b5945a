/** Opens the sockets of the API server. */
import { once } from "node:events";
import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { connect, type Server } from "node:net";
import { dirname } from "node:path";
import { conflict, hasCode, messageOf, systemFailure } from "../../lib/errors.ts";
import type { ListenAddress } from "./listen-address.ts";

/** Members of this group may use the socket, and are thereby as good as root; Docker's name. */
const SOCKET_GROUP = "docker";
const SOCKET_MODE = 0o660;

/**
 * @throws `conflict` when another program answers there, `system` for what else keeps it from listening
 */
export async function listenOn(server: Server, address: ListenAddress): Promise<void> {
  if (address.kind === "unix") return await listenOnSocket(server, address.path);
  const { host, port } = address;
  await opened(server, () => server.listen({ host, port, exclusive: true }), `tcp://${host}:${port}`);
}

async function listenOnSocket(server: Server, path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  await removeStaleSocket(path);
  await opened(server, () => withoutGroupAccess(() => server.listen({ path })), path);
  const group = groupId(SOCKET_GROUP);
  if (group !== undefined) chownSync(path, 0, group);
  chmodSync(path, SOCKET_MODE);
}

/** The socket is bound inside `listen`: nobody else may connect before it has its group and mode. */
function withoutGroupAccess(body: () => void): void {
  const before = process.umask(0o177);
  try {
    body();
  } finally {
    process.umask(before);
  }
}

async function opened(server: Server, listen: () => void, where: string): Promise<void> {
  try {
    const listening = once(server, "listening");
    listen();
    await listening;
  } catch (error) {
    if (hasCode(error, "EADDRINUSE")) throw inUse(where);
    throw systemFailure(`cannot listen on ${where}: ${messageOf(error)}`, { code: "CTR_LISTEN_FAILED", cause: error });
  }
}

/** A socket file that nobody serves is left over from an engine that was killed. Anything else stays. */
async function removeStaleSocket(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw conflict(`cannot listen on ${path}: it exists and is no socket`, "CTR_LISTEN_ADDRESS_IN_USE");
  }
  if (await answers(path)) throw inUse(path);
  rmSync(path, { force: true });
}

const inUse = (where: string) =>
  conflict(`cannot listen on ${where}: address already in use`, {
    code: "CTR_LISTEN_ADDRESS_IN_USE",
    hint: "another engine runs there: stop it, or give this one another -H",
  });

function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = connect({ path });
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", (error) => {
      if (hasCode(error, "ECONNREFUSED", "ENOENT")) resolve(false);
      else if (hasCode(error, "EAGAIN")) resolve(true);
      else
        reject(
          systemFailure(`cannot listen on ${path}: ${messageOf(error)}`, { code: "CTR_LISTEN_FAILED", cause: error }),
        );
    });
  });
}

/** From the group file, see group(5); undefined when there is no such group. */
function groupId(name: string): number | undefined {
  try {
    const line = readFileSync("/etc/group", "utf8")
      .split("\n")
      .find((entry) => entry.startsWith(`${name}:`));
    return line === undefined ? undefined : Number(line.split(":")[2]);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
